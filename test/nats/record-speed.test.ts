import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createRecorder } from '../../src/recorder/index.js'
import { startSink } from '../support/processes/fleet.js'
import { NATS_SKIP, NatsServer } from '../support/processes/nats-server.js'
import { waitUntil } from '../support/processes/wait-until.js'

/**
 * Rows per measurement: shorter than a time slice, so that some measurements run without a context
 * switch.
 */
const ROWS_PER_BLOCK = 2 ** 14
/** Duration of a state, in which several reports are due. */
const STATE_MS = 30
const INTERVAL_MS = 5
/** The minimum only goes down, so a busy machine takes more cycles. */
const CYCLES = { min: 3, max: 60 }
const RATIO_MAX = 1.1

type State = 'there' | 'hanging' | 'killed'

/** The minimum nanoseconds per row: of recording, and of processor time of the process. */
interface Least {
  record: number
  process: number
}

test('recording is as fast with a hanging or absent server as with a working one', {
  skip: NATS_SKIP,
}, async (context) => {
  const server = await NatsServer.start(context)
  const nats = await startSink(context, { servers: server.url, instance: 'a' })
  const sink = nats.sinkFor(0)
  const recorder = createRecorder({ engine: 0, instance: 'a', sink, intervalMs: INTERVAL_MS })
  const operation = recorder.operation('load_get')
  const newLeast = (): Least => ({ record: Infinity, process: Infinity })
  const least: Record<State, Least> = {
    there: newLeast(),
    hanging: newLeast(),
    killed: newLeast(),
  }

  const record = async (state: State) => {
    const end = performance.now() + STATE_MS
    const cpuStart = process.cpuUsage()
    let rows = 0
    do {
      const start = performance.now()
      for (let row = 0; row < ROWS_PER_BLOCK; row++) operation.record(0.004, 3, 4_096, 'ok', 0)
      const ns = ((performance.now() - start) * 1e6) / ROWS_PER_BLOCK
      least[state].record = Math.min(least[state].record, ns)
      rows += ROWS_PER_BLOCK
      await turn()
    } while (performance.now() < end)
    const { user, system } = process.cpuUsage(cpuStart)
    least[state].process = Math.min(least[state].process, ((user + system) * 1e3) / rows)
  }
  const aPut = async () => {
    const { puts } = nats.health
    await waitUntil('a put', () => nats.health.puts > puts)
  }
  const isAsFast = ({ record, process }: Least) =>
    record <= least.there.record * RATIO_MAX && process <= least.there.process * RATIO_MAX

  for (let cycle = 0; cycle < CYCLES.max; cycle++) {
    await aPut()
    await record('there')
    server.pause()
    await record('hanging')
    server.resume()
    await aPut()
    await server.kill()
    await waitUntil('away', () => !nats.health.connected)
    await record('killed')
    await server.restart()
    if (cycle >= CYCLES.min && isAsFast(least.hanging) && isAsFast(least.killed)) break
  }
  context.diagnostic(`least ns a row: ${JSON.stringify(least)}`)
  assert.ok(isAsFast(least.hanging) && isAsFast(least.killed), JSON.stringify(least))
  recorder.close()
  assert.equal(await nats.close({ timeoutMs: 20_000 }), true)
})
