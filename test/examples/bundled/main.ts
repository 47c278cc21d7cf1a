/**
 * An engine from a bundle. Only the engine's file needs to be bundled: it gets its link in
 * `workerData`. The argument is the bundle; default that of build.js.
 *
 *     node dist/test/examples/bundled/build.js
 *     node dist/test/examples/bundled/main.js
 *     curl http://127.0.0.1:9464/metrics
 */
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { EngineAggregator, listen } from 'moonmeter'

const [, , bundle] = process.argv
const file =
  bundle === undefined ? new URL('./engine.bundle.mjs', import.meta.url) : pathToFileURL(bundle)

const aggregator = new EngineAggregator({ modelName: 'llama-3-70b', log: console.log })
const server = await listen(aggregator, { port: Number(process.env.PORT ?? 9464) })

const link = aggregator.connect(0)
const worker = new Worker(file, { workerData: { link }, transferList: link.transferList })

async function stop(): Promise<void> {
  await worker.terminate()
  await aggregator.close()
  await server.close()
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop)
console.log(`metrics: ${server.url}/metrics`)
