import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { EngineAggregator, EnginePool } from '../../src/index.js'
import { aggregationOf } from '../../src/engine-aggregator.js'
import { Publication } from '../../src/nats/publication.js'
import { decodePayload } from '../../src/wire/payload.js'
import { POOL_ENGINE } from '../support/engines/pools.js'
import { startSink, startWatching } from '../support/processes/fleet.js'
import { NATS_SKIP, NatsServer } from '../support/processes/nats-server.js'
import { waitUntil } from '../support/processes/wait-until.js'

const INSTANCE = 'host-a'
const ENGINE = 5

/** One run of a process: a pool whose engine ends its thread, and is restarted some times. */
async function runProcess(context: TestContext, url: string, restartsMax: number): Promise<void> {
  const aggregator = new EngineAggregator({ intervalMs: 20 })
  const sink = await startSink(context, { servers: url, instance: INSTANCE, intervalMs: 20 })
  sink.publish(aggregator)
  const pool = new EnginePool({
    aggregator,
    filename: POOL_ENGINE,
    name: 'exit',
    engines: [ENGINE],
    restart: { delayMsMin: 1, delayMsMax: 1, restartsMax },
  })
  await pool.run()
  assert.deepEqual(aggregator.snapshot().sources[0]?.health.restarts, { exit: restartsMax })
  await pool.stop()
  assert.equal(await sink.close(), true)
  await aggregator.close()
}

test('a restart is published, also of an engine that is not up and records nothing', async (context) => {
  const aggregator = new EngineAggregator()
  const aggregation = aggregationOf(aggregator)
  const offered: Uint8Array[] = []
  aggregation.noteRestart(ENGINE, 'error')
  const publication = new Publication(aggregation, {
    instance: INSTANCE,
    intervalMs: 1,
    counts: { puts: 0, putsFailed: 0, removed: 0, lastError: undefined },
    writerOf: () => ({ isReady: true, offer: (bytes: Uint8Array) => offered.push(bytes) }) as never,
  })
  context.after(async () => {
    await publication.close()
    await aggregator.close()
  })
  const restarts = () => {
    return offered.map((bytes) => {
      const payload = decodePayload(bytes)
      return payload.kind === 'report' ? payload.report.restarts?.get('error') : undefined
    })
  }
  await waitUntil('the first restart', () => restarts().includes(1))
  aggregation.noteRestart(ENGINE, 'error')
  await waitUntil('the second restart', () => restarts().includes(2))
  assert.equal(aggregator.snapshot().sources[0]?.health.up, false)
  assert.deepEqual(restarts(), [1, 2])
})

test('a fleet shows the restarts of an engine, summed over the runs of its process', {
  skip: NATS_SKIP,
}, async (context) => {
  const server = await NatsServer.start(context)
  const options = { servers: server.url, keptEndedMs: 1 }
  const { aggregator, watch } = await startWatching(context, options)
  const restarts = async () => {
    const { registry } = aggregator
    const labels = `engine="${ENGINE}",instance="${INSTANCE}",reason="exit"`
    const name = `moonmeter_engine_restarts_total{${labels}} `
    const line = (await registry.metrics()).split('\n').find((line) => line.startsWith(name))
    return line?.slice(name.length)
  }
  await runProcess(context, server.url, 3)
  await waitUntil('the restarts of the first run', async () => (await restarts()) === '3')
  await runProcess(context, server.url, 2)
  await waitUntil('those of both runs', async () => (await restarts()) === '5')
  await waitUntil('the sum of both runs in one entry', () => watch.health.folded === 2)
  assert.equal(await restarts(), '5')
  const late = await startWatching(context, { servers: server.url })
  assert.deepEqual(late.aggregator.snapshot().sources[0]?.health.restarts, { exit: 5 })
})
