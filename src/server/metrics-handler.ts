import type { IncomingMessage, ServerResponse } from 'node:http'
import { type EndpointPaths, METRICS_PATH } from './endpoint-paths.js'
import { matchPath, type Target } from './match-path.js'
import { METHODS, MetricsEndpoint } from './metrics-endpoint.js'
import type { MetricsHandlerOptions, MetricsSource } from './metrics-handler-options.js'
import { isOver, overSignal } from './response-over.js'
import { type ResponseParts, textResponse } from './response-parts.js'
import { sendResponse } from './send-response.js'

/** A request listener of `node:http`, which frameworks also take as a middleware. */
export type MetricsHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void

/**
 * Creates a request listener for `node:http`, Express, connect and frameworks that accept their
 * middleware. Mount it at the root, below a prefix, in a router or on a route.
 *
 * `GET` and `HEAD` of the path of the metrics (`/metrics`, or the option `path`) return all metrics
 * of the source's registry in the format that the request accepts; of the health check (`/healthz`,
 * or `healthPath`), `ok`. A registry that does not list its metrics by `getMetricsAsArray` is
 * served in its own format. Status 401 is returned for the metrics without the credentials of the
 * options, 405 for other methods, 500 if the registry fails, and 503 while `responsesMax` requests
 * for metrics are being answered. Requests of other paths are passed to `next`, or get 404 without
 * it. Bodies of requests are discarded.
 *
 * Concurrent requests for one format share one rendering, which begins after all of them have
 * arrived, and one compression of it.
 *
 * @param options default `{}`: no credentials are required
 * @throws MoonmeterError `INVALID_OPTION` for a source without a registry, an unknown option or one
 * out of range, or an empty secret
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function metricsHandler(
  source: MetricsSource,
  options: MetricsHandlerOptions = {},
): MetricsHandler {
  const endpoint = new MetricsEndpoint('metricsHandler', source, options)
  const handler: MetricsHandler = (request, response, next) => {
    // The client may have disconnected before the request was routed to this handler.
    if (isOver(request, response)) return
    const target = matchPath(request, endpoint.settings.paths, handler)
    if (target === undefined && next !== undefined) {
      next()
      return
    }
    // node:http ignores the promise, so a rejection must be handled here.
    respond(endpoint, target, request, response).catch((error) => {
      // For example, other code has already begun a response to this request.
      endpoint.reportError(error)
      response.destroy()
    })
  }
  return handler
}

async function respond(
  endpoint: MetricsEndpoint,
  target: Target | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const over = overSignal(request, response)
  const parts = await partsOf(endpoint, target, request, over)
  if (!over.aborted) await sendResponse(request, response, parts, endpoint.settings)
}

async function partsOf(
  endpoint: MetricsEndpoint,
  target: Target | undefined,
  request: IncomingMessage,
  over: AbortSignal,
): Promise<ResponseParts> {
  if (target === undefined) {
    return textResponse(404, `not found: expected ${namesOf(endpoint.settings.paths)}`)
  }
  if (!METHODS.includes(request.method ?? '')) {
    const text = `method not allowed: expected ${METHODS.join(' or ')}`
    return textResponse(405, text, { Allow: METHODS.join(', ') })
  }
  return target === 'health' ? endpoint.health() : endpoint.metrics(request, over)
}

function namesOf({ path = METRICS_PATH, healthPath }: EndpointPaths): string {
  const known = [path, healthPath].filter((name) => name !== undefined)
  return known.map((name) => name || '/').join(' or ')
}
