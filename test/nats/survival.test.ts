import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { EngineAggregator } from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { scrape, servedUrl, startCommand } from '../support/processes/command.js'
import { startEngine, startSink, startWatching } from '../support/processes/fleet.js'
import { NATS_SKIP, NatsServer } from '../support/processes/nats-server.js'
import { waitUntil } from '../support/processes/wait-until.js'

const AWAY_MS = 1_500
const SILENT_MS = 60_000
const RECORDS = 'moonmeter_engine_records_total'
/** Rows that an engine records before it ends. */
const ROWS_OF_DYING = 30_000
const DYING_ENGINE = new URL('../support/engines/dying-engine.js', import.meta.url)

/** The rows of each engine that the command exposes. */
async function recordsOf(url: string): Promise<Record<string, number>> {
  const records = parseExposition(await scrape(url)).filter(({ name }) => name === RECORDS)
  return Object.fromEntries(
    records.map(({ labels, value }) => [`${labels.instance} ${labels.engine}`, Number(value)]),
  )
}

test('an aggregator that was killed and restarted is complete at its first answer', {
  skip: NATS_SKIP,
}, async (context) => {
  const server = await NatsServer.start(context)
  const args = ['serve', '--nats', server.url, '--listen', '127.0.0.1:0']
  const serve = () => startCommand(context, args)
  const engine = await startEngine(context, server.url, 'host a:1', 3)
  const first = serve()
  const firstUrl = await servedUrl(first)
  engine.type('7\n')
  await engine.waitForStdout(/acknowledged 7\n/)
  await waitUntil('7 rows', async () => (await recordsOf(firstUrl))['host a:1 3'] === 7)
  first.kill('SIGKILL')
  await first.end()
  engine.type('5\n')
  await engine.waitForStdout(/acknowledged 12\n/)
  const second = serve()
  const secondUrl = await servedUrl(second)
  assert.deepEqual(await recordsOf(secondUrl), { 'host a:1 3': 12 })
  const { cpuSeconds } = second
  // The time until the answer depends on what else the machine does, so it is not asserted.
  context.diagnostic(`processor time from start to first answer: ${cpuSeconds} s`)
})

test('the acknowledged rows of a killed engine process remain, and others continue', {
  skip: NATS_SKIP,
}, async (context) => {
  const server = await NatsServer.start(context)
  const fleet = await startWatching(context, { servers: server.url })
  const [killed, other] = await Promise.all([
    startEngine(context, server.url, 'killed'),
    startEngine(context, server.url, 'other'),
  ])
  killed.type('10\n')
  other.type('1\n')
  await killed.waitForStdout(/acknowledged 10\n/)
  await other.waitForStdout(/acknowledged 1\n/)
  killed.type('silent 100\n')
  killed.kill('SIGKILL')
  await killed.end()
  const next = await startEngine(context, server.url, 'killed')
  next.type('20\n')
  other.type('2\n')
  await next.waitForStdout(/acknowledged 20\n/)
  await other.waitForStdout(/acknowledged 3\n/)
  await waitUntil('33 rows', () => fleet.rows() === 33)
  const late = await startWatching(context, { servers: server.url })
  assert.equal(late.rows(), 33)
  assert.deepEqual(
    late.aggregator.snapshot().sources.map(({ instance, health }) => [instance, health.rows]),
    [
      ['killed', 30],
      ['other', 3],
    ],
  )
})

test('without a server one report waits, and all rows arrive after a reconnection', {
  skip: NATS_SKIP,
}, async (context) => {
  const server = await NatsServer.start(context)
  const fleets = await Promise.all(
    [1, 2].map(() => startWatching(context, { servers: server.url })),
  )
  const nats = await startSink(context, { servers: server.url, instance: 'a' })
  const sink = nats.sinkFor(0)
  const recorder = createRecorder({ engine: 0, instance: 'a', sink, intervalMs: 20 })
  recorder.record('load_get', 0.5, 1)
  await waitUntil('1 row', () => fleets.every(({ rows }) => rows() === 1))
  await server.kill()
  await waitUntil('away', () => !nats.health.connected)
  const { puts } = nats.health
  const backMs = performance.now() + AWAY_MS
  let rows = 1
  assert.equal(sink.isReady?.(), false)
  // The engine records, and creates no report that would wait.
  for (; performance.now() < backMs; rows += 100) {
    for (let row = 0; row < 100; row++) recorder.record('load_get', 0.5, 1)
    await sleep(5)
  }
  assert.equal(nats.health.puts, puts)
  assert.ok(fleets.every((fleet) => fleet.rows() === 1 && !fleet.watch.health.connected))
  await server.restart()
  await waitUntil(`${rows} rows`, () => fleets.every((fleet) => fleet.rows() === rows))
  // The client's own restart of a watch comes some 10 s later, and is not counted.
  assert.ok(fleets.every(({ watch }) => watch.health.restarts > 0))
  recorder.close()
  assert.equal(await nats.close(), true)
  assert.ok(nats.health.puts > puts)
  const late = await startWatching(context, { servers: server.url })
  assert.equal(late.rows(), rows)
  assert.equal(late.aggregator.snapshot().sources[0]?.health.up, false)
})

test('a server that stops answering is abandoned, and reports continue after a reconnection', {
  skip: NATS_SKIP,
}, async (context) => {
  const server = await NatsServer.start(context)
  const options = { servers: server.url, timeoutMs: 1_000 }
  const fleet = await startWatching(context, options)
  const nats = await startSink(context, { ...options, instance: 'a' })
  const sink = nats.sinkFor(0)
  const recorder = createRecorder({ engine: 0, instance: 'a', sink, intervalMs: 20 })
  // Its connections stay open, as those to a host that was cut off.
  server.pause()
  await waitUntil('given up', () => !nats.health.connected && !fleet.watch.health.connected)
  recorder.record('load_get', 0.5, 1)
  server.resume()
  await waitUntil('1 row', () => fleet.rows() === 1)
  recorder.close()
  assert.equal(await nats.close(), true)
})

test('a report from a time without a server arrives after a call of close', {
  skip: NATS_SKIP,
}, async (context) => {
  const server = await NatsServer.start(context)
  const nats = await startSink(context, { servers: server.url, instance: 'a' })
  const recorder = createRecorder({ engine: 0, instance: 'a', sink: nats.sinkFor(0) })
  await server.kill()
  await waitUntil('away', () => !nats.health.connected)
  recorder.record('load_get', 0.5, 1)
  recorder.close()
  const closed = nats.close({ timeoutMs: 20_000 })
  await server.restart()
  assert.equal(await closed, true)
  assert.equal((await startWatching(context, { servers: server.url })).rows(), 1)
})

test('close returns false after its time-out', { skip: NATS_SKIP }, async (context) => {
  const server = await NatsServer.start(context)
  const nats = await startSink(context, { servers: server.url, instance: 'a' })
  const recorder = createRecorder({ engine: 0, instance: 'a', sink: nats.sinkFor(0) })
  await server.kill()
  await waitUntil('away', () => !nats.health.connected)
  recorder.close()
  assert.equal(await nats.close({ timeoutMs: 50 }), false)
})

test('all rows of threads that end in any way are in the bucket', {
  skip: NATS_SKIP,
}, async (context) => {
  const server = await NatsServer.start(context)
  const fleet = await startWatching(context, { servers: server.url })
  let aheadMs = 0
  const monotonicNow = () => performance.now() + aheadMs
  const aggregator = new EngineAggregator({ intervalMs: SILENT_MS, monotonicNow })
  const nats = await startSink(context, {
    servers: server.url,
    instance: 'threads',
    intervalMs: 20,
  })
  nats.publish(aggregator)
  for (const [engine, death] of [
    [0, 'exit'],
    [1, 'throw'],
    [0, 'exit'],
  ] as const) {
    const link = aggregator.connect(engine)
    const workerData = { link, death, progress: new SharedArrayBuffer(16) }
    const worker = new Worker(DYING_ENGINE, { workerData, transferList: link.transferList })
    const ended = new Promise((resolve) => worker.once('exit', resolve))
    // An exception is how one of them ends.
    worker.once('error', () => {})
    await ended
  }
  const rows = 3 * ROWS_OF_DYING
  await waitUntil(`${rows} rows`, () => fleet.rows() === rows)
  const recorder = createRecorder(aggregator.connect(2))
  recorder.record('save_put', 0.5, 1)
  // The journal of an engine that is silent for an interval is read.
  aheadMs = SILENT_MS
  await waitUntil(`${rows + 1} rows`, () => fleet.rows() === rows + 1)
  // Rows of the last interval are in the last report.
  aheadMs = 0
  recorder.record('save_put', 0.5, 1)
  assert.equal(await nats.close(), true)
  await waitUntil(`${rows + 2} rows`, () => fleet.rows() === rows + 2)
  const [own, theirs] = [aggregator, fleet.aggregator].map((one) =>
    one.snapshot().sources.map(({ engine, series }) => [engine, series.map((each) => each.rows)]),
  )
  assert.deepEqual(theirs, own)
  recorder.close()
  await aggregator.close()
})

test('an engine that a process drops and adds again continues in the fleet', {
  skip: NATS_SKIP,
}, async (context) => {
  const server = await NatsServer.start(context)
  const fleet = await startWatching(context, { servers: server.url })
  const nats = await startSink(context, { servers: server.url, instance: 'a', intervalMs: 20 })
  const aggregator = new EngineAggregator()
  nats.publish(aggregator)
  let rows = 0
  for (const more of [5, 2]) {
    const recorder = createRecorder(aggregator.connect(0))
    for (let row = 0; row < more; row++) recorder.record('load_get', 0.5, 1)
    recorder.report()
    rows += more
    await waitUntil(`${rows} rows`, () => fleet.rows() === rows)
    aggregator.disconnect(0, { series: 'drop' })
  }
  assert.equal(aggregator.snapshot().rows, 0)
  assert.equal((await startWatching(context, { servers: server.url })).rows(), 7)
  await aggregator.close()
})
