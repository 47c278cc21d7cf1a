import type { IncomingMessage } from 'node:http'
import { callSafely } from '../call-safely.js'
import { Authorization } from './authorization.js'
import { preferredEncoding } from './content-encoding.js'
import {
  type MetricsHandlerOptions,
  type MetricsHandlerSettings,
  type MetricsSource,
  readHandlerOptions,
} from './metrics-handler-options.js'
import { negotiateFormat } from './negotiate-format.js'
import type { Rendering } from './rendering.js'
import { type ResponseParts, responseOf, textResponse } from './response-parts.js'
import { SharedRendering } from './shared-rendering.js'

/** The methods that the paths of an endpoint support. */
export const METHODS: readonly string[] = ['GET', 'HEAD']

/** Seconds after which a client that got status 503 may repeat its request. */
const RETRY_AFTER_SECONDS = 1

/**
 * Creates the responses to requests for metrics and health checks, independent of the framework.
 */
export class MetricsEndpoint {
  readonly settings: MetricsHandlerSettings
  readonly #authorization: Authorization
  readonly #renderings: SharedRendering
  /** Number of requests for metrics that are being answered. */
  #answering = 0

  /**
   * @param owner the function that takes the options, for messages
   * @throws MoonmeterError `INVALID_OPTION` as `metricsHandler` does
   */
  constructor(owner: string, source: MetricsSource, options: MetricsHandlerOptions) {
    this.settings = readHandlerOptions(owner, source, options)
    this.#authorization = new Authorization(options)
    const { responseTimeoutMs } = this.settings
    this.#renderings = new SharedRendering(source.registry, responseTimeoutMs, (error) =>
      this.reportError(error),
    )
  }

  /** The response of the health check. */
  health(): ResponseParts {
    return textResponse(200, 'ok')
  }

  /**
   * The response to a request for metrics, or one with status 401, 500 or 503.
   *
   * @param over aborts when the response was sent or its connection closed; the buffers of the
   * response must not be used after that
   */
  async metrics(request: IncomingMessage, over: AbortSignal): Promise<ResponseParts> {
    const { responsesMax, formats, encodings } = this.settings
    if (!this.#authorization.allows(request)) {
      return textResponse(401, 'unauthorized: expected a token or a password', {
        'WWW-Authenticate': [...this.#authorization.challenges],
      })
    }
    if (this.#answering >= responsesMax) {
      return textResponse(503, 'busy: other requests for metrics are being answered', {
        'Retry-After': String(RETRY_AFTER_SECONDS),
      })
    }
    this.#answering++
    over.addEventListener('abort', () => this.#answering--, { once: true })
    const { format, contentType } = negotiateFormat(request.headers.accept, formats)
    const encoding = preferredEncoding(request, encodings)
    try {
      const rendering = await this.#renderings.next({ format, encoding, signal: over })
      return this.#responseWith(rendering, contentType)
    } catch {
      return textResponse(500, 'internal error: the metrics could not be rendered')
    }
  }

  /** Call `onError`. */
  reportError(error: unknown): void {
    callSafely('onError', () => this.settings.onError(error))
  }

  #responseWith(
    { ownContentType, encoding, buffers }: Rendering,
    contentType: string,
  ): ResponseParts {
    const { formats, encodings } = this.settings
    const vary = [
      ...(formats.length > 1 ? ['Accept'] : []),
      ...(encodings.length > 0 ? ['Accept-Encoding'] : []),
    ]
    const headers = encoding === undefined ? {} : { 'Content-Encoding': encoding }
    const options = { headers, vary: vary.join(', ') }
    return responseOf(200, ownContentType ?? contentType, buffers, options)
  }
}
