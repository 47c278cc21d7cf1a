import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { MetricsRegistry } from '../prometheus/metrics-registry.js'

const TEXT = 'text/plain; charset=utf-8'
const ALLOWED_METHODS = ['GET', 'HEAD']

/** What is served: an `EngineAggregator`, or anything with a registry. */
export interface MetricsSource {
  readonly registry: MetricsRegistry
}

/**
 * A request listener for any `node:http` server: `GET` and `HEAD` of `/metrics` answer everything
 * in the source's registry, in the registry's content type, and of `/healthz` that the server
 * lives; other paths 404, other methods 405.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function metricsHandler(source: MetricsSource): RequestListener {
  return (request, response) => {
    // A listener's promise is nobody's, so a failure must end as an answer here.
    respond(source, request, response).catch(() => {
      if (response.headersSent) response.destroy()
      else answer(request, response, 500, 'internal error: the metrics could not be rendered\n')
    })
  }
}

async function respond(
  { registry }: MetricsSource,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = pathOf(request)
  if (path !== '/metrics' && path !== '/healthz') {
    answer(request, response, 404, 'not found: expected /metrics or /healthz\n')
    return
  }
  if (!ALLOWED_METHODS.includes(request.method ?? '')) {
    response.setHeader('Allow', ALLOWED_METHODS.join(', '))
    answer(request, response, 405, `method not allowed: expected ${ALLOWED_METHODS.join(' or ')}\n`)
    return
  }
  if (path === '/healthz') answer(request, response, 200, 'ok\n')
  else answer(request, response, 200, await registry.metrics(), registry.contentType)
}

function pathOf(request: IncomingMessage): string {
  const [path] = (request.url ?? '').split('?', 1)
  return path
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
  contentType = TEXT,
): void {
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(text),
  })
  response.end(request.method === 'HEAD' ? undefined : text)
}
