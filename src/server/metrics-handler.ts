import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { MoonmeterError } from '../errors.js'
import { releaseBuffers } from '../exposition/buffer-pool.js'
import { refuseUnknownOptions } from '../options.js'
import type { MetricsRegistry } from '../registry/metrics-registry.js'
import { renderRegistry } from '../registry/render-registry.js'
import { Authorization, type AuthorizationOptions } from './authorization.js'

const TEXT = 'text/plain; charset=utf-8'
const METHODS = ['GET', 'HEAD']
const PATHS = ['/metrics', '/healthz']

/** Headers that forbid browsers to frame, sniff or cache a response, or to load content for it. */
const SECURITY_HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const

/** What `metricsHandler` serves: an `EngineAggregator`, or any object with a registry. */
export interface MetricsSource {
  readonly registry: MetricsRegistry
}

/**
 * Creates a request listener for a `node:http` server.
 *
 * `GET` and `HEAD` of `/metrics` return all metrics of the source's registry in the registry's
 * content type; of `/healthz`, `ok`. Status 401 is returned for `/metrics` without the credentials
 * of the options, 404 for other paths, 405 for other methods, and 500 if the registry fails. The
 * handler never reads request bodies.
 *
 * @param options default `{}`: no credentials are required
 * @throws MoonmeterError `INVALID_OPTION` for a source without a registry, an unknown option, or an
 * empty secret
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
    // node:http ignores the promise, so a rejection must be handled here.
    respond(source.registry, authorization, request, response).catch(() => {
      if (response.headersSent) response.destroy()
      else sendText(request, response, 500, 'internal error: the metrics could not be rendered')
    })
  }
}

async function respond(
  registry: MetricsRegistry,
  authorization: Authorization,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path = ''] = (request.url ?? '').split('?', 1)
  if (!PATHS.includes(path)) {
    sendText(request, response, 404, `not found: expected ${PATHS.join(' or ')}`)
  } else if (!METHODS.includes(request.method ?? '')) {
    response.setHeader('Allow', METHODS.join(', '))
    sendText(request, response, 405, `method not allowed: expected ${METHODS.join(' or ')}`)
  } else if (path === '/healthz') {
    sendText(request, response, 200, 'ok')
  } else if (!authorization.allows(request)) {
    response.setHeader('WWW-Authenticate', authorization.challenges)
    sendText(request, response, 401, 'unauthorized: expected a token or a password')
  } else {
    const buffers = await renderRegistry(registry)
    // If the client disconnected while the metrics were rendered, no 'close' event follows.
    if (response.closed) return releaseBuffers(buffers)
    response.once('close', () => releaseBuffers(buffers))
    send(request, response, 200, buffers, registry.contentType)
  }
}

function sendText(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
): void {
  send(request, response, status, [Buffer.from(`${text}\n`)], TEXT)
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  buffers: readonly Uint8Array[],
  contentType: string,
): void {
  const { 'transfer-encoding': encoding, 'content-length': length = 0 } = request.headers
  if (encoding !== undefined || Number(length) > 0) {
    // The request has a body; to keep the connection, the server would have to read all of it.
    response.setHeader('Connection', 'close')
    response.once('finish', () => request.destroy())
  }
  response.writeHead(status, {
    ...SECURITY_HEADERS,
    'Content-Type': contentType,
    'Content-Length': buffers.reduce((bytes, buffer) => bytes + buffer.length, 0),
  })
  if (request.method !== 'HEAD') for (const buffer of buffers) response.write(buffer)
  response.end()
}
