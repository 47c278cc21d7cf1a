import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { callSafely } from '../call-safely.js'
import { Authorization } from './authorization.js'
import {
  type MetricsHandlerOptions,
  type MetricsHandlerSettings,
  type MetricsSource,
  readHandlerOptions,
} from './metrics-handler-options.js'
import { negotiateFormat } from './negotiate-format.js'
import { isOver, onceOver, sendResponse } from './send-response.js'
import { type Rendering, SharedRendering } from './shared-rendering.js'

const TEXT = 'text/plain; charset=utf-8'
const METHODS = ['GET', 'HEAD']
const PATHS = ['/metrics', '/healthz']
/** What precedes the path of a request target in absolute form, which clients send to proxies. */
const ORIGIN = /^https?:\/\/[^/?#]+/i
/** Seconds after which a client that got status 503 may repeat its request. */
const RETRY_AFTER_SECONDS = 1

/**
 * Creates a request listener for a `node:http` server.
 *
 * `GET` and `HEAD` of `/metrics` return all metrics of the source's registry in the format that the
 * request accepts; of `/healthz`, `ok`. A registry that does not list its metrics by
 * `getMetricsAsArray` is served in its own format. Status 401 is returned for `/metrics` without the
 * credentials of the options, 404 for other paths, 405 for other methods, 500 if the registry fails,
 * and 503 while `responsesMax` requests for metrics are being answered. Bodies of requests are
 * dropped.
 *
 * Requests for one format that wait at the same time share one rendering, which begins after all of them came.
 *
 * @param options default `{}`: no credentials are required
 * @throws MoonmeterError `INVALID_OPTION` for a source without a registry, an unknown option or one
 * out of range, or an empty secret
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function metricsHandler(
  source: MetricsSource,
  options: MetricsHandlerOptions = {},
): RequestListener {
  const handler = new MetricsHandler(source, options)
  return (request, response) => handler.answer(request, response)
}

class MetricsHandler {
  readonly #settings: MetricsHandlerSettings
  readonly #authorization: Authorization
  readonly #renderings: SharedRendering
  /** Requests for metrics that are being answered. */
  #answering = 0

  constructor(source: MetricsSource, options: MetricsHandlerOptions) {
    this.#settings = readHandlerOptions(source, options)
    this.#authorization = new Authorization(options)
    const { responseTimeoutMs } = this.#settings
    this.#renderings = new SharedRendering(source.registry, responseTimeoutMs, (error) =>
      this.#reportError(error),
    )
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    // The client may have left while other code decided what is to answer it.
    if (isOver(request, response)) return
    // node:http ignores the promise, so a rejection must be handled here.
    this.#respond(request, response).catch((error) => {
      // Such as when something else has begun a response to this request.
      this.#reportError(error)
      response.destroy()
    })
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = pathOf(request)
    if (!PATHS.includes(path)) {
      await this.#sendText(request, response, 404, `not found: expected ${PATHS.join(' or ')}`)
    } else if (!METHODS.includes(request.method ?? '')) {
      response.setHeader('Allow', METHODS.join(', '))
      const text = `method not allowed: expected ${METHODS.join(' or ')}`
      await this.#sendText(request, response, 405, text)
    } else if (path === '/healthz') {
      await this.#sendText(request, response, 200, 'ok')
    } else if (!this.#authorization.allows(request)) {
      response.setHeader('WWW-Authenticate', this.#authorization.challenges)
      await this.#sendText(request, response, 401, 'unauthorized: expected a token or a password')
    } else if (this.#answering >= this.#settings.responsesMax) {
      response.setHeader('Retry-After', RETRY_AFTER_SECONDS)
      await this.#sendText(
        request,
        response,
        503,
        'busy: other requests for metrics are being answered',
      )
    } else {
      await this.#sendMetrics(request, response)
    }
  }

  async #sendMetrics(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let hasEnded = false
    let rendering: Rendering | undefined
    this.#answering++
    onceOver(request, response, () => {
      hasEnded = true
      this.#answering--
      rendering?.release()
    })
    const { format, contentType } = negotiateFormat(request.headers.accept, this.#settings.formats)
    response.appendHeader('Vary', 'Accept')
    try {
      rendering = await this.#renderings.next(format)
    } catch {
      const text = 'internal error: the metrics could not be rendered'
      return this.#sendText(request, response, 500, text)
    }
    if (hasEnded) rendering.release()
    else {
      const { ownContentType = contentType, buffers } = rendering
      const parts = { status: 200, contentType: ownContentType, buffers }
      await sendResponse(request, response, parts, this.#settings)
    }
  }

  #sendText(
    request: IncomingMessage,
    response: ServerResponse,
    status: number,
    text: string,
  ): Promise<void> {
    const parts = { status, contentType: TEXT, buffers: [Buffer.from(`${text}\n`)] }
    return sendResponse(request, response, parts, this.#settings)
  }

  #reportError(error: unknown): void {
    callSafely('onError', () => this.#settings.onError(error))
  }
}

/** The path of a request target, without the query. */
function pathOf({ url = '' }: IncomingMessage): string {
  const [path = ''] = url.replace(ORIGIN, '').split('?', 1)
  return path
}
