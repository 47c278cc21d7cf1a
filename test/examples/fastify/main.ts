/**
 * Fastify with engines on worker threads, and a registry that has metrics of your own too.
 *
 *     node dist/test/examples/fastify/main.js
 *     curl -X POST http://127.0.0.1:8080/load/12
 *     curl http://127.0.0.1:8080/metrics
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { fastify } from 'fastify'
import { EngineAggregator } from 'moonmeter'
import { metricsPlugin } from 'moonmeter/fastify'
import { Counter, collectDefaultMetrics, Registry } from 'prom-client'
import type { Request } from '../workers/engine.js'

const ENGINES = [0, 1]

const registry = new Registry()
collectDefaultMetrics({ register: registry })
const requests = new Counter({
  name: 'app_requests_total',
  help: 'Requests to load keys.',
  registers: [registry],
})
const aggregator = new EngineAggregator({ registry, modelName: 'llama-3-70b', log: console.log })
const engines = ENGINES.map((engine) => {
  const link = aggregator.connect(engine)
  const { transferList } = link
  // The same engine as in the example with raw worker threads.
  const file = new URL('../workers/engine.js', import.meta.url)
  const worker = new Worker(file, { workerData: { link }, transferList })
  return { engine, worker, ended: once(worker, 'exit') }
})

const app = fastify()
let next = 0
app.post<{ Params: { numKeys: string } }>('/load/:numKeys', async (request, reply) => {
  requests.inc()
  const work: Request = { numKeys: Number(request.params.numKeys) }
  engines[next++ % engines.length]?.worker.postMessage(work)
  return reply.code(202).send()
})
// GET and HEAD of /metrics, and of /healthz.
await app.register(metricsPlugin, { aggregator })
// After the last request: stops the engines, then the aggregator with its last log line.
app.addHook('onClose', async () => {
  for (const { engine } of engines) aggregator.requestStop(engine)
  await Promise.all(engines.map(({ ended }) => ended))
  await aggregator.close()
})

const address = await app.listen({ port: Number(process.env.PORT ?? 8080) })
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close())
console.log(`server: ${address}`)
