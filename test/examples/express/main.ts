/**
 * Express with engines on worker threads, and a registry that has metrics of your own too.
 *
 *     node dist/test/examples/express/main.js
 *     curl -X POST http://127.0.0.1:8080/load/12
 *     curl http://127.0.0.1:8080/metrics
 */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Worker } from 'node:worker_threads'
import express from 'express'
import { EngineAggregator, metricsHandler } from 'moonmeter'
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

const app = express()
let next = 0
app.post('/load/:numKeys', (request, response) => {
  requests.inc()
  const work: Request = { numKeys: Number(request.params.numKeys) }
  engines[next++ % engines.length]?.worker.postMessage(work)
  response.status(202).end()
})
// The path is free, also in a router. /metrics/healthz is a health check.
app.use('/metrics', metricsHandler(aggregator))

const server = app.listen(Number(process.env.PORT ?? 8080), '127.0.0.1')

async function stop(): Promise<void> {
  // Stops the server first, then the engines, then the aggregator with its last log line.
  await new Promise((resolve) => server.close(resolve))
  for (const { engine } of engines) aggregator.requestStop(engine)
  await Promise.all(engines.map(({ ended }) => ended))
  await aggregator.close()
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop)

await once(server, 'listening')
console.log(`server: http://127.0.0.1:${(server.address() as AddressInfo).port}`)
