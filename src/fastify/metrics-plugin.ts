import { Readable } from 'node:stream'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { METRICS_PATH } from '../server/endpoint-paths.js'
import { piecesFor } from '../server/http2-progress.js'
import { limitTime, type ResponseLimits } from '../server/limit-time.js'
import { METHODS, MetricsEndpoint } from '../server/metrics-endpoint.js'
import type { MetricsHandlerOptions, MetricsSource } from '../server/metrics-handler-options.js'
import { whenFirst } from '../server/response-order.js'
import { overSignal } from '../server/response-over.js'
import type { ResponseParts } from '../server/response-parts.js'

/** Options that Fastify adds to those of a plugin. */
const REGISTER_OPTIONS = ['prefix', 'logLevel', 'logSerializers']

/** Options of `metricsPlugin`: the source of the metrics, and those of `metricsHandler`. */
export interface MetricsPluginOptions extends MetricsHandlerOptions {
  /** An `EngineAggregator`, or any object with a registry. */
  readonly aggregator: MetricsSource
}

/**
 * A plugin for Fastify 5 that adds the routes `GET` and `HEAD` of `/metrics` and `/healthz`, or of
 * the options `path` and `healthPath`, below the prefix that it is registered with.
 *
 * Responses are those of `metricsHandler`. Fastify sends them, so hooks run, and the headers that
 * they set are kept. Fastify handles other methods and paths. The plugin is encapsulated, so it can
 * be registered several times and have its own hooks.
 *
 * @throws MoonmeterError `INVALID_OPTION` as `metricsHandler` does, from `app.ready()`
 * @see https://fastify.dev/docs/latest/Reference/Plugins/
 */
export const metricsPlugin: FastifyPluginAsync<MetricsPluginOptions> = async (app, options) => {
  const { aggregator, ...others } = options
  const entries = Object.entries(others).filter(([name]) => !REGISTER_OPTIONS.includes(name))
  const endpoint = new MetricsEndpoint('metricsPlugin', aggregator, Object.fromEntries(entries))
  const { paths } = endpoint.settings
  const { path = METRICS_PATH, healthPath } = paths
  app.route({
    method: [...METHODS],
    url: urlOf(path),
    async handler(request, reply) {
      const over = overSignal(request.raw, reply.raw)
      const parts = await endpoint.metrics(request.raw, over)
      // The client has disconnected, and other responses may already use the buffers.
      return over.aborted ? reply.hijack() : send(request, reply, parts, endpoint.settings)
    },
  })
  if (healthPath === undefined) return
  app.route({
    method: [...METHODS],
    url: urlOf(healthPath),
    handler: async (request, reply) => send(request, reply, endpoint.health(), endpoint.settings),
  })
}

/** Paths are kept without a trailing slash. */
function urlOf(path: string): string {
  return path === '' ? '/' : path
}

function send(
  { raw }: FastifyRequest,
  reply: FastifyReply,
  { status, headers, vary, buffers }: ResponseParts,
  limits: ResponseLimits,
): FastifyReply {
  reply.code(status).headers(headers)
  // A hook may have set `Vary`.
  const varies = [reply.getHeader('Vary') ?? [], vary || []].flat()
  if (varies.length > 0) reply.header('Vary', varies.join(', '))
  whenFirst(reply.raw, () => limitTime(raw, reply.raw, limits))
  return reply.send(Readable.from(piecesFor(reply.raw, buffers)))
}
