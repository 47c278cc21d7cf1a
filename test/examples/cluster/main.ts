/**
 * A cluster: each worker process serves requests and is an engine; the primary process aggregates
 * their reports and serves the metrics of all.
 *
 *     node dist/test/examples/cluster/main.js
 *     curl http://127.0.0.1:8080/
 *     curl http://127.0.0.1:9464/metrics
 */
import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { EngineAggregator, listen } from 'moonmeter'

const WORKERS = 2

const aggregator = new EngineAggregator({ modelName: 'llama-3-70b', log: console.log })
const server = await listen(aggregator, { port: Number(process.env.PORT ?? 9464) })

cluster.setupPrimary({
  exec: fileURLToPath(new URL('./worker.js', import.meta.url)),
  // Reports are bytes; the default serialization would turn them into JSON.
  serialization: 'advanced',
})
cluster.on('message', (_worker, report: Uint8Array) => {
  const result = aggregator.ingest(report)
  if (!result.accepted) console.error(result.error.message)
})

let isStopping = false
const workers = new Map<number, Worker>()

/** Starts the worker of an engine, and a new one when it ends: the engine's counters continue. */
function start(engine: number): void {
  const worker = cluster.fork({ ENGINE: String(engine) })
  workers.set(engine, worker)
  worker.once('listening', ({ address, port }) => {
    console.log(`engine ${engine}: http://${address}:${port}/ by process ${worker.process.pid}`)
  })
  worker.once('exit', () => {
    workers.delete(engine)
    if (!isStopping) start(engine)
  })
}
for (let engine = 0; engine < WORKERS; engine++) start(engine)

async function stop(): Promise<void> {
  isStopping = true
  const running = [...workers.values()]
  const exits = running.map((worker) => once(worker, 'exit'))
  for (const worker of running) worker.process.kill('SIGTERM')
  await Promise.all(exits)
  await aggregator.close()
  await server.close()
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop)
console.log(`metrics: ${server.url}/metrics`)
