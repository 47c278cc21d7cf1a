/**
 * Engines in separate processes. Each sends its reports to this process, which aggregates them.
 *
 *     node dist/test/examples/child-process/main.js
 *     curl http://127.0.0.1:9464/metrics
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { EngineAggregator, listen } from 'moonmeter'
import type { Message } from './engine.js'

const ENGINES = [0, 1]
const REQUESTS = 10
const ENGINE_FILE = fileURLToPath(new URL('./engine.js', import.meta.url))

const aggregator = new EngineAggregator({ modelName: 'llama-3-70b', log: console.log })
const server = await listen(aggregator, { port: Number(process.env.PORT ?? 9464) })

const engines = ENGINES.map((engine) => {
  // Reports are bytes; the default serialization would turn them into JSON.
  const child = fork(ENGINE_FILE, [`${engine}`], { serialization: 'advanced' })
  child.on('message', (report: Uint8Array) => {
    const result = aggregator.ingest(report)
    if (!result.accepted) console.error(result.error.message)
  })
  return { child, ended: once(child, 'exit') }
})

// A server would get these from its clients.
for (let index = 0; index < REQUESTS; index++) {
  const message: Message = { numKeys: index + 1 }
  engines[index % engines.length]?.child.send(message)
}

async function stop(): Promise<void> {
  for (const { child } of engines) if (child.connected) child.send('stop' satisfies Message)
  await Promise.all(engines.map(({ ended }) => ended))
  await aggregator.close()
  await server.close()
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop)
console.log(`metrics: ${server.url}/metrics`)
