import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { MoonmeterError } from '../errors.js'
import { refuseUnknownOptions } from '../options.js'
import { releaseChunks } from '../prometheus/chunk-pool.js'
import type { MetricsRegistry } from '../prometheus/metrics-registry.js'
import { renderRegistry } from '../prometheus/render.js'
import { Authorization, type AuthorizationOptions } from './authorization.js'

const TEXT = 'text/plain; charset=utf-8'
const ALLOWED_METHODS = ['GET', 'HEAD']
const PATHS = ['/metrics', '/healthz']

/** Nothing here is to be framed, sniffed, cached or to load anything. */
const SECURITY_HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const

/** What is served: an `EngineAggregator`, or anything with a registry. */
export interface MetricsSource {
  readonly registry: MetricsRegistry
}

/**
 * A request listener for any `node:http` server: `GET` and `HEAD` of `/metrics` answer everything
 * in the source's registry, in the registry's content type, and of `/healthz` that the server
 * lives; other paths 404, other methods 405. With a token or a password, `/metrics` answers 401 to
 * who has neither. The body of a request is never read.
 *
 * @throws MoonmeterError `INVALID_OPTION` for an unknown option or an empty secret
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function metricsHandler(
  source: MetricsSource,
  options: AuthorizationOptions = {},
): RequestListener {
  refuseUnknownOptions('metricsHandler', options, ['bearerToken', 'basicAuth'])
  if (typeof source?.registry?.metrics !== 'function') {
    throw new MoonmeterError('INVALID_OPTION', 'metricsHandler: expected an EngineAggregator')
  }
  const authorization = new Authorization(options)
  return (request, response) => {
    // A listener's promise is nobody's, so a failure must end as an answer here.
    respond(source, authorization, request, response).catch(() => {
      if (response.headersSent) response.destroy()
      else answer(request, response, 500, 'internal error: the metrics could not be rendered\n')
    })
  }
}

async function respond(
  { registry }: MetricsSource,
  authorization: Authorization,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path = ''] = (request.url ?? '').split('?', 1)
  if (!PATHS.includes(path)) {
    answer(request, response, 404, `not found: expected ${PATHS.join(' or ')}\n`)
  } else if (!ALLOWED_METHODS.includes(request.method ?? '')) {
    response.setHeader('Allow', ALLOWED_METHODS.join(', '))
    const expected = ALLOWED_METHODS.join(' or ')
    answer(request, response, 405, `method not allowed: expected ${expected}\n`)
  } else if (path === '/healthz') {
    answer(request, response, 200, 'ok\n')
  } else if (!authorization.allows(request)) {
    response.setHeader('WWW-Authenticate', authorization.challenges)
    answer(request, response, 401, 'unauthorized: expected a token or a password\n')
  } else {
    const chunks = await renderRegistry(registry)
    // Whoever asked may have left meanwhile, and no event tells it twice.
    if (response.closed) return releaseChunks(chunks)
    response.once('close', () => releaseChunks(chunks))
    send(request, response, 200, chunks, registry.contentType)
  }
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
): void {
  send(request, response, status, [Buffer.from(text)], TEXT)
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  chunks: readonly Uint8Array[],
  contentType: string,
): void {
  // Keeping the connection would mean to read a body to its end first.
  if (hasBody(request)) {
    response.setHeader('Connection', 'close')
    response.once('finish', () => request.destroy())
  }
  response.writeHead(status, {
    ...SECURITY_HEADERS,
    'Content-Type': contentType,
    'Content-Length': chunks.reduce((bytes, chunk) => bytes + chunk.length, 0),
  })
  if (request.method !== 'HEAD') for (const chunk of chunks) response.write(chunk)
  response.end()
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}
