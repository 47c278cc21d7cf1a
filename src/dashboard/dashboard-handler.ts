import type { IncomingMessage, ServerResponse } from 'node:http'
import { callSafely } from '../call-safely.js'
import { describe } from '../describe.js'
import { EngineAggregator, liveSourceOf } from '../engine-aggregator.js'
import { MoonmeterError } from '../errors.js'
import { LiveFeed } from '../live/live-feed.js'
import type { MetricsRegistry } from '../registry/metrics-registry.js'
import { Authorization } from '../server/authorization.js'
import type { MetricsHandler } from '../server/metrics-handler.js'
import { isFirst } from '../server/response-order.js'
import { isOver, overSignal } from '../server/response-over.js'
import { type ResponseParts, textResponse } from '../server/response-parts.js'
import { sendResponse } from '../server/send-response.js'
import {
  type DashboardOptions,
  type DashboardSettings,
  readDashboardOptions,
} from './dashboard-options.js'
import { sendFeed } from './live-stream.js'
import { matchPage } from './match-page.js'
import { PageFiles } from './page-files.js'

const METHODS: readonly string[] = ['GET', 'HEAD']
/** Seconds after which a client that got status 503 may repeat its request. */
const RETRY_AFTER_SECONDS = 5
const STREAM_HEADERS = {
  'Content-Type': 'text/event-stream',
  // `no-transform`: compressing middleware and proxies would buffer events.
  'Cache-Control': 'no-store, no-transform',
  'X-Content-Type-Options': 'nosniff',
  // Otherwise nginx would buffer events.
  'X-Accel-Buffering': 'no',
} as const

/**
 * Creates a request listener that serves a live page: rates, percentiles, a latency heat map and
 * the engines of an aggregator over the last 15 minutes. Mount it like `metricsHandler`. Requests
 * of other paths are passed to `next`, or get 404.
 *
 * After this call, a snapshot is taken each second until the aggregator is closed.
 *
 * With `basicAuth` alone, the page requires the password. With `bearerToken`, the page itself is
 * public. The user enters the token on the page, which sends it with the request for the data.
 *
 * @param options default `{}`: no credentials are required
 * @throws MoonmeterError `INVALID_OPTION` for an invalid aggregator, an unknown option or one out
 * of range, or an empty secret
 */
export function dashboardHandler(
  aggregator: EngineAggregator<MetricsRegistry>,
  options: DashboardOptions = {},
): MetricsHandler {
  return createDashboard(aggregator, options).handler
}

/** Creates the request listener of `dashboardHandler`, and its feed for other readers. */
export function createDashboard(
  aggregator: EngineAggregator<MetricsRegistry>,
  options: DashboardOptions,
): { readonly handler: MetricsHandler; readonly feed: LiveFeed } {
  if (!(aggregator instanceof EngineAggregator)) {
    throw new MoonmeterError(
      'INVALID_OPTION',
      `dashboardHandler: expected an EngineAggregator, got ${describe(aggregator)}`,
    )
  }
  const settings = readDashboardOptions('dashboardHandler', aggregator, options)
  const authorization = new Authorization(options)
  const { historyBytesMax, onError } = settings
  const feed = new LiveFeed(liveSourceOf(aggregator), { historyBytesMax, onError })
  return { handler: handlerOf(feed, settings, authorization), feed }
}

/** Creates the request listener of a feed. */
export function handlerOf(
  feed: LiveFeed,
  settings: DashboardSettings,
  authorization: Authorization,
  files = new PageFiles(settings.encodings),
): MetricsHandler {
  const dashboard = new Dashboard(feed, settings, authorization, files)
  return (request, response, next) => {
    // The client may have disconnected before the request was routed to this handler.
    if (isOver(request, response)) return
    const target = matchPage(request, settings.pagePath)
    if (target === undefined && next !== undefined) {
      next()
      return
    }
    dashboard.respond(target, request, response).catch((error) => {
      callSafely('onError', () => settings.onError(error))
      response.destroy()
    })
  }
}

class Dashboard {
  readonly #feed: LiveFeed
  readonly #settings: DashboardSettings
  readonly #authorization: Authorization
  readonly #files: PageFiles
  #streams = 0

  constructor(
    feed: LiveFeed,
    settings: DashboardSettings,
    authorization: Authorization,
    files: PageFiles,
  ) {
    this.#feed = feed
    this.#settings = settings
    this.#authorization = authorization
    this.#files = files
  }

  async respond(
    target: ReturnType<typeof matchPage>,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const over = overSignal(request, response)
    if (target?.kind === 'stream' && METHODS.includes(request.method ?? '')) {
      const refusal = this.#refusal(request, 'stream')
      if (refusal === undefined) return this.#stream(request, response, over)
      return sendResponse(request, response, refusal, this.#settings)
    }
    const parts = await this.#partsOf(target, request)
    if (!over.aborted) await sendResponse(request, response, parts, this.#settings)
  }

  async #partsOf(
    target: ReturnType<typeof matchPage>,
    request: IncomingMessage,
  ): Promise<ResponseParts> {
    if (target === undefined) {
      const { pagePath } = this.#settings
      return textResponse(404, `not found: expected ${pagePath}/`)
    }
    if (!METHODS.includes(request.method ?? '')) {
      const text = `method not allowed: expected ${METHODS.join(' or ')}`
      return textResponse(405, text, { Allow: METHODS.join(', ') })
    }
    if (target.kind === 'redirect') {
      return textResponse(308, 'the page is below', { Location: target.location })
    }
    if (target.kind === 'stream') throw new Error('a stream is not sent at once')
    return this.#refusal(request, 'page') ?? this.#fileOf(target.name, request)
  }

  async #fileOf(name: string, request: IncomingMessage): Promise<ResponseParts> {
    try {
      return await this.#files.respond(name, request)
    } catch (error) {
      callSafely('onError', () => this.#settings.onError(error))
      return textResponse(500, 'internal error: a file of the page could not be read')
    }
  }

  /** The response to a request that is not authorized; undefined for one that is. */
  #refusal(request: IncomingMessage, what: 'page' | 'stream'): ResponseParts | undefined {
    const { challenges } = this.#authorization
    const bearer = challenges.filter((challenge) => challenge.startsWith('Bearer'))
    // A browser cannot send a token with the request for a page, so the user enters it on the page.
    if (what === 'page' && bearer.length > 0) return undefined
    if (this.#authorization.allows(request)) return undefined
    return textResponse(401, 'unauthorized: expected a token or a password', {
      // With a challenge for a password, the browser would open a dialog on top of the form for the
      // token.
      'WWW-Authenticate': bearer.length > 0 ? bearer : [...challenges],
    })
  }

  async #stream(
    request: IncomingMessage,
    response: ServerResponse,
    over: AbortSignal,
  ): Promise<void> {
    const { streamsMax, stallTimeoutMs } = this.#settings
    // A pipelined stream would wait without a time limit for the earlier response of its
    // connection.
    if (this.#streams >= streamsMax || !isFirst(response)) {
      const parts = textResponse(503, `busy: ${streamsMax} pages are open at most`, {
        'Retry-After': String(RETRY_AFTER_SECONDS),
      })
      return sendResponse(request, response, parts, this.#settings)
    }
    response.writeHead(200, STREAM_HEADERS)
    if (request.method === 'HEAD') {
      response.end()
      return
    }
    this.#streams++
    over.addEventListener('abort', () => this.#streams--, { once: true })
    request.resume()
    const header = request.headers['last-event-id']
    const lastEventId = Array.isArray(header) ? header[0] : header
    await sendFeed(response, this.#feed, { lastEventId, stallTimeoutMs, over })
  }
}
