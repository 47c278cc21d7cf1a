/**
 * Your own Piscina pool: each of its threads connects as an engine. Needs
 * `postMessageToThread`, which Node has from 20.19 and 22.5.
 *
 *     node dist/test/examples/piscina/main.js
 *     curl http://127.0.0.1:9464/metrics
 */
import { EngineAggregator, listen } from 'moonmeter'
import { Piscina } from 'piscina'
import type { Task } from './task.js'

const THREADS = 2
const TASKS = 20

const aggregator = new EngineAggregator({ modelName: 'llama-3-70b', log: console.log })
// Before the threads start, since they connect when they load the file.
aggregator.acceptThreads()
const server = await listen(aggregator, { port: Number(process.env.PORT ?? 9464) })

const pool = new Piscina<Task, number>({
  filename: new URL('./task.js', import.meta.url).href,
  name: 'load',
  minThreads: THREADS,
  maxThreads: THREADS,
  // Otherwise an idle thread blocks its event loop, and its engine counts as silent.
  atomics: 'disabled',
})

async function stop(): Promise<void> {
  // Ends the threads; the main thread then reads their rows from shared memory.
  await pool.close()
  await aggregator.close()
  await server.close()
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop)
console.log(`metrics: ${server.url}/metrics`)

const tasks = Array.from({ length: TASKS }, (_, index) => pool.run({ numKeys: index + 1 }))
const loaded = await Promise.all(tasks)
console.log(`keys loaded: ${loaded.reduce((sum, numKeys) => sum + numKeys, 0)}`)
