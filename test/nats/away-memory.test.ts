import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createRecorder } from '../../src/recorder/index.js'
import { MIB, memoryInUse, mib } from '../support/assertions/memory.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'
import { startSink, startWatching } from '../support/processes/fleet.js'
import { NATS_SKIP, NatsServer } from '../support/processes/nats-server.js'
import { waitUntil } from '../support/processes/wait-until.js'

/** Number of reports without a server, some 5 MiB in total. */
const REPORTS = 2_000
const WARM_UP_REPORTS = 200
const STATUSES = Array.from({ length: 60 }, (_, index) => `status ${index}`)
const SERIES = STATUSES.map((status) => seriesWithRows(1, 'load_get', status))
const GROWTH_MAX = MIB

test('memory does not grow with rows and reports while the server is unreachable', {
  skip: NATS_SKIP,
}, async (context) => {
  const server = await NatsServer.start(context)
  const nats = await startSink(context, { servers: server.url, instance: 'a' })
  const fleet = await startWatching(context, { servers: server.url })
  const recorder = createRecorder({ engine: 0, instance: 'a', sink: nats.sinkFor(0) })
  // Sends reports without a check of `isReady`.
  const sink = nats.sinkFor(1)
  let rows = 0
  const report = async (count: number) => {
    for (const end = rows + count; rows < end; rows++) {
      recorder.record('load_get', 0.5, 1)
      recorder.report()
      sink.send(reportBytes({ engine: 1, instance: 'a', sequence: rows + 1, series: SERIES }))
      await turn()
    }
  }
  await server.kill()
  await waitUntil('away', () => !nats.health.connected)
  await report(WARM_UP_REPORTS)
  const { heap } = await memoryInUse()
  await report(REPORTS)
  const growth = (await memoryInUse()).heap - heap
  const offered = REPORTS * reportBytes({ series: SERIES }).length
  context.diagnostic(`reports of ${mib(offered)}: ${mib(growth)}`)
  assert.ok(growth < GROWTH_MAX, mib(growth))
  await server.restart()
  recorder.close()
  sink.close?.()
  assert.equal(await nats.close({ timeoutMs: 20_000 }), true)
  await waitUntil('all rows', () => fleet.rows() === rows + SERIES.length)
})
