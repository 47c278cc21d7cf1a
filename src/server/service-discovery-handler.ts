import type { IncomingMessage } from 'node:http'
import { describe } from '../describe.js'
import { MoonmeterError } from '../errors.js'
import { refuseUnknownOptions } from '../options.js'
import type { ScrapeTarget } from '../source-identity.js'
import { Authorization, type AuthorizationOptions } from './authorization.js'
import { readPath } from './endpoint-paths.js'
import { warnOfFailure } from './failure-warning.js'
import { matchPath } from './match-path.js'
import { METHODS } from './metrics-endpoint.js'
import type { MetricsHandler } from './metrics-handler.js'
import { isOver } from './response-over.js'
import { type ResponseParts, responseOf, textResponse } from './response-parts.js'
import { sendResponse } from './send-response.js'
import { targetGroup } from './target-group.js'

/** The default path of the list. */
const PATH = '/sd'
/** Prometheus requires this content type. */
const JSON_TYPE = 'application/json; charset=utf-8'
/** Seconds after which a client that got status 503 may repeat its request. */
const RETRY_AFTER_SECONDS = 5
/** Time limits of a response. */
const LIMITS = { stallTimeoutMs: 5_000, responseTimeoutMs: 30_000 }

/** The source of `serviceDiscoveryHandler`, such as a `BucketWatch` of `moonmeter/nats`. */
export interface ScrapeTargetSource {
  /** The instances to scrape now; undefined if unknown. */
  readonly targets: readonly ScrapeTarget[] | undefined
}

/** Options of `serviceDiscoveryHandler`; each has a default. */
export interface ServiceDiscoveryOptions extends AuthorizationOptions {
  /**
   * The path of the list: it begins with `/` and has no query. It is compared with the whole path
   * of a request and with the path below the mount point. Default `/sd`.
   */
  readonly path?: string | undefined
}

/**
 * Creates a request listener that lists instances for `http_sd_configs` of Prometheus, each with
 * the address that it published. Mount it like `metricsHandler`. Requests of other paths are passed
 * to `next`, or get 404.
 *
 * `GET` and `HEAD` return the whole list as JSON, `[]` for none. Each target has the label
 * `instance`, and the scheme and path of its URL. Status 401 is returned without the credentials of
 * the options, and 503 while the targets are unknown, so that Prometheus keeps its last list.
 *
 * @param options default `{}`: no credentials are required
 * @throws MoonmeterError `INVALID_OPTION` for a source without targets, an unknown option, or an empty
 * secret
 * @see https://prometheus.io/docs/prometheus/latest/http_sd/
 */
export function serviceDiscoveryHandler(
  source: ScrapeTargetSource,
  options: ServiceDiscoveryOptions = {},
): MetricsHandler {
  const owner = 'serviceDiscoveryHandler'
  refuseUnknownOptions(owner, options, ['basicAuth', 'bearerToken', 'path'])
  if (typeof source !== 'object' || source === null || !('targets' in source)) {
    throw new MoonmeterError(
      'INVALID_OPTION',
      `${owner}: expected the result of watchBucket, or an object with targets, got ${describe(source)}`,
    )
  }
  const authorization = new Authorization(options)
  const path = readPath(`${owner}.path`, options.path ?? PATH)
  const handler: MetricsHandler = (request, response, next) => {
    // The client may have disconnected before the request was routed to this handler.
    if (isOver(request, response)) return
    const isList = matchPath(request, { path, healthPath: undefined }, handler) !== undefined
    if (!isList && next !== undefined) {
      next()
      return
    }
    const respond = async () => {
      const parts = isList
        ? listOf(source, authorization, request)
        : textResponse(404, `not found: expected ${path}`)
      await sendResponse(request, response, parts, LIMITS)
    }
    // node:http ignores the promise, so a rejection must be handled here.
    respond().catch((error) => {
      // For example, other code has already begun a response to this request.
      warnOfFailure('serviceDiscoveryHandler: a list of targets', error)
      response.destroy()
    })
  }
  return handler
}

function listOf(
  source: ScrapeTargetSource,
  authorization: Authorization,
  request: IncomingMessage,
): ResponseParts {
  if (!METHODS.includes(request.method ?? '')) {
    const text = `method not allowed: expected ${METHODS.join(' or ')}`
    return textResponse(405, text, { Allow: METHODS.join(', ') })
  }
  if (!authorization.allows(request)) {
    return textResponse(401, 'unauthorized: expected a token or a password', {
      'WWW-Authenticate': [...authorization.challenges],
    })
  }
  const { targets } = source
  if (targets === undefined) {
    return textResponse(503, 'unavailable: the instances that are up are unknown at the moment', {
      'Retry-After': String(RETRY_AFTER_SECONDS),
    })
  }
  return responseOf(200, JSON_TYPE, [Buffer.from(JSON.stringify(targets.map(targetGroup)))])
}
