import { releaseBuffers } from '../exposition/buffer-pool.js'
import type { ExpositionFormat } from '../exposition/exposition-format.js'
import type { MetricsRegistry } from '../registry/metrics-registry.js'
import { type RenderedRegistry, renderRegistry } from '../registry/render-registry.js'

/**
 * Renderings that are being made or sent. Responses of one rendering share its buffers, so this
 * bounds the memory of slow clients, whatever their number.
 */
const RENDERINGS_MAX = 4

/** The exposition of a registry at one moment, for all requests for its format that came before it. */
export interface Rendering {
  /** The media type of the registry's own format; undefined where it is in the one asked for. */
  readonly ownContentType: string | undefined
  /** Not to be changed: they are shared. */
  readonly buffers: readonly Uint8Array[]
  /** To be called once by each holder, after its last use of the buffers. */
  readonly release: () => void
}

interface Waiter {
  readonly format: ExpositionFormat
  readonly resolve: (rendering: Rendering) => void
  readonly reject: (error: unknown) => void
}

/**
 * Renders a registry for many requests at once. A request that comes while a rendering is being made
 * waits for the next one, since the numbers of the current one may be older than the request.
 */
export class SharedRendering {
  readonly #registry: MetricsRegistry
  readonly #timeoutMs: number
  readonly #onError: (error: unknown) => void
  #waiters: Waiter[] = []
  #isRendering = false
  #renderings = 0

  /**
   * @param timeoutMs milliseconds after which a rendering is given up
   * @param onError called once with what made a rendering fail, however many wait for it
   */
  constructor(registry: MetricsRegistry, timeoutMs: number, onError: (error: unknown) => void) {
    this.#registry = registry
    this.#timeoutMs = timeoutMs
    this.#onError = onError
  }

  /** A rendering in a format that begins after the call; rejected when it fails. */
  next(format: ExpositionFormat): Promise<Rendering> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ format, resolve, reject })
      // Requests that were received in the same turn of the event loop share a rendering.
      setImmediate(() => this.#begin())
    })
  }

  #begin(): void {
    if (this.#isRendering || this.#renderings >= RENDERINGS_MAX) return
    const [first] = this.#waiters
    if (first === undefined) return
    // The format that was waited for longest; the others wait for their turn.
    const { format } = first
    const waiters = this.#waiters.filter((waiter) => waiter.format === format)
    this.#waiters = this.#waiters.filter((waiter) => waiter.format !== format)
    void this.#render(format, waiters)
  }

  async #render(format: ExpositionFormat, waiters: readonly Waiter[]): Promise<void> {
    this.#isRendering = true
    this.#renderings++
    try {
      const rendered = await within(this.#timeoutMs, renderRegistry(this.#registry, format))
      const rendering = this.#share(rendered, waiters.length)
      for (const { resolve } of waiters) resolve(rendering)
    } catch (error) {
      this.#renderings--
      this.#onError(error)
      for (const { reject } of waiters) reject(error)
    }
    this.#isRendering = false
    this.#begin()
  }

  #share({ ownContentType, buffers }: RenderedRegistry, holders: number): Rendering {
    let held = holders
    const release = () => {
      if (--held > 0) return
      releaseBuffers(buffers)
      this.#renderings--
      this.#begin()
    }
    return { ownContentType, buffers, release }
  }
}

/** A result, or an error when it takes longer. What comes later is ignored. */
async function within<Result>(timeoutMs: number, result: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    const error = new Error(`expected the metrics to be rendered within ${timeoutMs} ms`)
    timer = setTimeout(reject, timeoutMs, error).unref()
  })
  try {
    return await Promise.race([result, timeout])
  } finally {
    clearTimeout(timer)
  }
}
