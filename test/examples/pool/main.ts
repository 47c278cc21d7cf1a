/**
 * EnginePool: starts engines on threads, restarts those that fail, and stops them.
 *
 *     node dist/test/examples/pool/main.js
 *     curl http://127.0.0.1:9464/metrics
 */
import { EngineAggregator, EnginePool, listen } from 'moonmeter'
import type { Task } from './engine.js'

const aggregator = new EngineAggregator({ modelName: 'llama-3-70b', log: console.log })
const server = await listen(aggregator, { port: Number(process.env.PORT ?? 9464) })

const pool = new EnginePool({
  aggregator,
  filename: new URL('./engine.js', import.meta.url),
  engines: 2,
  // Cloned to the thread, for each incarnation of an engine.
  task: (engine): Task => ({ rounds: 5, failsAtFirst: engine === 1 }),
  restart: { delayMsMin: 10 },
})
pool.on('exit', ({ engine, error }) => console.log(`engine ${engine}: ${error.message}`))
pool.on('restart', ({ engine }) => console.log(`engine ${engine}: restarts`))

async function stop(): Promise<void> {
  // Engines get an aborted signal, and 5 s by default; then their threads are terminated.
  await pool.stop()
  await aggregator.close()
  await server.close()
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop)
console.log(`metrics: ${server.url}/metrics`)

// Resolves when each engine has returned, or has no restarts left.
for (const outcome of await pool.run()) {
  const { engine, state } = outcome
  const text = state === 'finished' ? `${outcome.result} calls` : outcome.error.message
  console.log(`engine ${engine}: ${state}, ${text}`)
}
