// Not the global one, which the fake timers of test runners replace.
import { setImmediate } from 'node:timers'
import type { ExpositionFormat } from '../exposition/exposition-format.js'
import type { MetricsRegistry } from '../registry/metrics-registry.js'
import { renderRegistry } from '../registry/render-registry.js'
import type { Rendering, RenderingRequest } from './rendering.js'
import { SharedBody } from './shared-body.js'
import { within } from './within.js'

/**
 * Maximum number of renderings in progress or being sent. Responses of one rendering share its
 * buffers, so this bounds the memory of any number of slow clients.
 */
const RENDERINGS_MAX = 4

interface Waiter {
  readonly request: RenderingRequest
  readonly resolve: (rendering: Promise<Rendering>) => void
  readonly reject: (error: unknown) => void
}

/**
 * Renders a registry for many requests at once. A request that arrives during a rendering waits for
 * the next one, since the values of the current one may be older than the request.
 */
export class SharedRendering {
  readonly #registry: MetricsRegistry
  readonly #timeoutMs: number
  readonly #onError: (error: unknown) => void
  #waiters: Waiter[] = []
  #isRendering = false
  #renderings = 0

  /**
   * @param timeoutMs time-out of a rendering or a compression, in milliseconds
   * @param onError called once with the error of a failed one, for any number of requests that wait
   * for it
   */
  constructor(registry: MetricsRegistry, timeoutMs: number, onError: (error: unknown) => void) {
    this.#registry = registry
    this.#timeoutMs = timeoutMs
    this.#onError = onError
  }

  /**
   * A rendering that begins after the call. Rejects when it fails, or the request's signal aborts.
   */
  next(request: RenderingRequest): Promise<Rendering> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ request, resolve, reject })
      // Requests that were received in the same turn of the event loop share a rendering.
      setImmediate(() => this.#begin())
    })
  }

  #begin(): void {
    if (this.#isRendering || this.#renderings >= RENDERINGS_MAX) return
    const waiters: Waiter[] = []
    for (const waiter of this.#waiters) {
      const { signal } = waiter.request
      if (signal.aborted) waiter.reject(signal.reason)
      else waiters.push(waiter)
    }
    this.#waiters = waiters
    const [first] = waiters
    if (first === undefined) return
    // The format of the request that has waited longest; others are rendered later.
    const { format } = first.request
    this.#waiters = waiters.filter(({ request }) => request.format !== format)
    const served = waiters.filter(({ request }) => request.format === format)
    void this.#render(format, served)
  }

  async #render(format: ExpositionFormat, waiters: readonly Waiter[]): Promise<void> {
    this.#isRendering = true
    this.#renderings++
    try {
      const rendering = renderRegistry(this.#registry, format)
      const { ownContentType, buffers } = await within(this.#timeoutMs, 'rendered', rendering)
      const body = new SharedBody(buffers, {
        ownContentType,
        timeoutMs: this.#timeoutMs,
        onError: this.#onError,
        onUnused: () => this.#release(),
      })
      for (const { request, resolve } of waiters) resolve(body.take(request))
      body.seal()
    } catch (error) {
      this.#renderings--
      this.#onError(error)
      for (const { reject } of waiters) reject(error)
    }
    this.#isRendering = false
    this.#begin()
  }

  #release(): void {
    this.#renderings--
    this.#begin()
  }
}
