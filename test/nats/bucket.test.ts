import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { jetstream } from '@nats-io/jetstream'
import { type KV, Kvm } from '@nats-io/kv'
import { connect } from '@nats-io/transport-node'
import { EngineAggregator } from '../../src/index.js'
import { removeSource, watchBucket } from '../../src/nats/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { failure } from '../support/assertions/failures.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'
import { startSink, startWatching, type WatchingAggregator } from '../support/processes/fleet.js'
import { NATS_SKIP, NatsServer } from '../support/processes/nats-server.js'
import { waitUntil } from '../support/processes/wait-until.js'

const KEPT_ENDED_MS = 300

/** The bucket, opened by a plain client. */
async function open(context: TestContext, servers: string): Promise<KV> {
  const connection = await connect({ servers })
  context.after(() => connection.close())
  return new Kvm(jetstream(connection)).open('moonmeter')
}

/** The rows of each instance. */
function rowsOf({ aggregator }: WatchingAggregator): Record<string, number> {
  const rows: Record<string, number> = {}
  for (const { instance = '', health } of aggregator.snapshot().sources) {
    rows[instance] = (rows[instance] ?? 0) + health.rows
  }
  return rows
}

function rejectionsOf({ aggregator }: WatchingAggregator): Record<string, number> {
  const { rejections } = aggregator.snapshot()
  return Object.fromEntries(Object.entries(rejections).filter(([, count]) => count > 0))
}

test('invalid entries are rejected and counted, and change nothing', {
  skip: NATS_SKIP,
}, async (context) => {
  const { url: servers } = await NatsServer.start(context)
  const fleet = await startWatching(context, { servers })
  const kv = await open(context, servers)
  const good = (rows: number, sequence: number) =>
    reportBytes({ instance: 'good', sequence, series: [seriesWithRows(rows)] })
  await kv.put('good.0.1', good(5, 1))
  await kv.put('other.0.1', reportBytes({ instance: 'other', series: [seriesWithRows(3)] }))
  await waitUntil('8 rows', () => fleet.rows() === 8)
  const poisoned: readonly (readonly [key: string, value: Uint8Array | string])[] = [
    ['good.0.1', 'no MessagePack'],
    ['good.0.1', new Uint8Array()],
    ['good.0.1', good(1, 9)],
    ['good.0.1', reportBytes({ instance: 'other', series: [seriesWithRows(50)] })],
    ['good.0.folded', good(1_000, 1)],
    ['good.0.folded', new Uint8Array(2_000)],
    ['good.0.2', new Uint8Array(1_000)],
    ['nobody.0.1', reportBytes({ instance: 'good' })],
    ['what', 'is this'],
    ['no.0.engine', 'x'],
  ]
  const rejected = () => Object.values(rejectionsOf(fleet)).reduce((sum, one) => sum + one, 0)
  for (const [index, [key, value]] of poisoned.entries()) {
    await kv.put(key, value)
    // A bucket keeps only the last value of a key, so wait before the next value replaces this one.
    await waitUntil(`rejection ${index + 1}`, () => rejected() === index + 1)
  }
  // As many rows as before, and fewer keys: only the sum of all entries shows it.
  const series = [{ ...seriesWithRows(5), numKeys: 1 }]
  await kv.put('good.0.1', reportBytes({ instance: 'good', sequence: 9, series }))
  const next = { instance: 'good', incarnation: 3, series: [seriesWithRows(2)] }
  await kv.put('good.0.3', reportBytes(next))
  await kv.put('last.0.1', reportBytes({ instance: 'last' }))
  await waitUntil('the last', () => rowsOf(fleet).last === 1)
  assert.deepEqual(rowsOf(fleet), { good: 7, last: 1, other: 3 })
  assert.equal(rejected(), poisoned.length + 1)
  const { backwards, engine, version } = fleet.aggregator.snapshot().rejections
  assert.equal(backwards, 2)
  assert.ok(engine >= 4 && version >= 1, JSON.stringify(rejectionsOf(fleet)))
  const metrics = await fleet.aggregator.registry.metrics()
  assert.match(metrics, /moonmeter_payloads_rejected_total\{reason="backwards"\} 2\n/)
  // The next report of the engine replaces the invalid entry.
  await kv.put('good.0.1', good(6, 10))
  await waitUntil('8 rows', () => rowsOf(fleet).good === 8)
})

test('two aggregators fold concurrently, and all have the same totals before and after', {
  skip: NATS_SKIP,
}, async (context) => {
  const { url: servers } = await NatsServer.start(context)
  const options = { servers, keptEndedMs: KEPT_ENDED_MS }
  const fleets = await Promise.all([1, 2].map(() => startWatching(context, options)))
  const keeper = await startWatching(context, { servers })
  const kv = await open(context, servers)
  let rows = 0
  for (let incarnation = 1; incarnation <= 12; incarnation++) {
    for (const instance of ['a', 'b']) {
      rows += incarnation
      const series = [seriesWithRows(incarnation)]
      const final = incarnation % 2 === 0
      await kv.put(
        `${instance}.7.${incarnation}`,
        reportBytes({ instance, engine: 7, incarnation, final, series }),
      )
    }
  }
  const all = [...fleets, keeper]
  await waitUntil(`${rows} rows`, () => all.every((fleet) => fleet.rows() === rows))
  const keys = async () => {
    const found: string[] = []
    for await (const key of await kv.keys()) found.push(key)
    return found.sort()
  }
  await waitUntil('folded', async () => {
    for (const fleet of all) assert.equal(fleet.rows(), rows)
    return (await keys()).join(' ') === 'a.7.folded b.7.folded version'
  })
  // The acknowledgement of a sum may arrive after another aggregator has deleted its entries.
  const folded = () => fleets.reduce((sum, { watch }) => sum + watch.health.folded, 0)
  await waitUntil('24 counted', () => folded() >= 24)
  // Markers are removed, too.
  const size = async () => (await kv.status()).streamInfo.state.messages
  await waitUntil('3 messages', async () => (await size()) === 3)
  assert.equal(folded(), 24)
  const late = await startWatching(context, { servers })
  for (const fleet of [...all, late]) {
    assert.deepEqual(rowsOf(fleet), { a: 78, b: 78 })
    assert.deepEqual(rejectionsOf(fleet), {})
    assert.equal(fleet.watch.health.lastError, undefined)
  }
})

test('an engine that was ended while it was suspended stops, and counts once', {
  skip: NATS_SKIP,
}, async (context) => {
  const { url: servers } = await NatsServer.start(context)
  const fleet = await startWatching(context, { servers, keptEndedMs: KEPT_ENDED_MS })
  const nats = await startSink(context, { servers, instance: 'a' })
  const options = { engine: 0, instance: 'a', intervalMs: 600_000 }
  const old = createRecorder({ ...options, sink: nats.sinkFor(0), now: () => Date.now() - 1_000 })
  old.record('load_get', 0.5, 1)
  old.report()
  await waitUntil('1 row', () => fleet.rows() === 1)
  const next = createRecorder({ ...options, sink: nats.sinkFor(0) })
  next.record('load_get', 0.5, 1)
  next.report()
  const kv = await open(context, servers)
  const ofOld = async (kind: string) => (await kv.get(`a.0.${kind}`))?.operation === 'PUT'
  await waitUntil('folded', () => ofOld('folded'))
  old.record('load_get', 0.5, 1)
  old.report()
  await waitUntil('removed', () => nats.health.removed === 1)
  next.record('load_get', 0.5, 1)
  next.close()
  await waitUntil('3 rows', () => fleet.rows() === 3)
  assert.deepEqual(rejectionsOf(fleet), {})
  assert.equal(await nats.close(), false)
})

test('a removed source is dropped by all aggregators, and reappears if it still runs', {
  skip: NATS_SKIP,
}, async (context) => {
  const { url: servers } = await NatsServer.start(context)
  const fleet = await startWatching(context, { servers })
  const kv = await open(context, servers)
  const nats = await startSink(context, { servers, instance: 'a' })
  const options = { instance: 'a', intervalMs: 600_000 }
  const recorders = [0, 1].map((engine) =>
    createRecorder({ ...options, engine, sink: nats.sinkFor(engine) }),
  )
  for (const recorder of recorders) {
    recorder.record('load_get', 0.5, 1)
    recorder.report()
  }
  await kv.put('b.0.1', reportBytes({ instance: 'b' }))
  await waitUntil('3 rows', () => fleet.rows() === 3)
  assert.equal(await removeSource({ servers, instance: 'a', engine: 1 }), 1)
  await waitUntil('2 rows', () => fleet.rows() === 2)
  assert.equal(await removeSource({ servers, instance: 'a' }), 1)
  await waitUntil('1 row', () => fleet.rows() === 1)
  assert.equal(await removeSource({ servers, instance: 'a' }), 0)
  assert.equal((await startWatching(context, { servers })).rows(), 1)
  recorders[0]?.record('load_get', 0.5, 1)
  recorders[0]?.close()
  recorders[1]?.close()
  await waitUntil('4 rows', () => fleet.rows() === 4)
  assert.deepEqual(rowsOf(fleet), { a: 3, b: 1 })
  assert.deepEqual(rejectionsOf(fleet), {})
  await nats.close()
})

test('an aggregator is published or watches one bucket, and not both', {
  skip: NATS_SKIP,
}, async (context) => {
  const { url: servers } = await NatsServer.start(context)
  const { aggregator } = await startWatching(context, { servers })
  const nats = await startSink(context, { servers, instance: 'a' })
  assert.throws(() => nats.publish(aggregator), failure('INVALID_OPTION'))
  const own = new EngineAggregator()
  nats.publish(own)
  assert.throws(() => nats.publish(own), failure('INVALID_OPTION'))
  await assert.rejects(watchBucket(own, { servers }), failure('INVALID_OPTION'))
  await nats.close()
  assert.throws(() => nats.publish(new EngineAggregator()), failure('CLOSED'))
  assert.throws(() => nats.sinkFor(0), failure('CLOSED'))
  await own.close()
})
