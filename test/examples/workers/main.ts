/**
 * Engines on raw worker threads. The main thread passes each engine a link, posts requests, and
 * serves the metrics of all engines.
 *
 *     node dist/test/examples/workers/main.js
 *     curl http://127.0.0.1:9464/metrics
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { EngineAggregator, listen } from 'moonmeter'
import type { Request } from './engine.js'

const ENGINES = [0, 1]
const REQUESTS = 10

const aggregator = new EngineAggregator({ modelName: 'llama-3-70b', log: console.log })
const server = await listen(aggregator, { port: Number(process.env.PORT ?? 9464) })

const engines = ENGINES.map((engine) => {
  const link = aggregator.connect(engine)
  // The port of the link is moved to the thread, so it must be in the transfer list too.
  const { transferList } = link
  const file = new URL('./engine.js', import.meta.url)
  const worker = new Worker(file, { workerData: { link }, transferList })
  return { engine, worker, ended: once(worker, 'exit') }
})

// A server would get these from its clients.
for (let index = 0; index < REQUESTS; index++) {
  const request: Request = { numKeys: index + 1 }
  engines[index % engines.length]?.worker.postMessage(request)
}

// In this order, the last log line contains all calls.
async function stop(): Promise<void> {
  for (const { engine } of engines) aggregator.requestStop(engine)
  await Promise.all(engines.map(({ ended }) => ended))
  await aggregator.close()
  await server.close()
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop)
console.log(`metrics: ${server.url}/metrics`)
