import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { SELF_METRICS } from '../../src/catalogue.js'
import { EngineAggregator, EnginePool } from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { pack } from '../../src/wire/msgpack.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { reportBytes } from '../support/generators/reports.js'
import { waitUntil } from '../support/processes/wait-until.js'

const THROWING_ENGINE = engineOf("throw new Error('a failure')")
const RETURNING_ENGINE = engineOf('')

/** An aggregator, and whether its engine 0 is open. */
function newAggregator(context: TestContext) {
  // A long time-out, so that engines are not down before their end on a busy machine.
  const aggregator = new EngineAggregator({ silentAfterMs: 1e9 })
  context.after(() => aggregator.close())
  const openNow = () => aggregator.snapshot().sources[0]?.health.open
  const isOpen = async () => {
    for (;;) {
      const before = openNow()
      const samples = parseExposition(await aggregator.registry.metrics())
      // The last report may have arrived during the read.
      if (openNow() !== before) continue
      const [sample] = samples.filter(
        ({ name, labels }) => name === SELF_METRICS.engineOpen.name && labels.engine === '0',
      )
      assert.equal(sample?.value, Number(before))
      return before
    }
  }
  return { aggregator, isOpen }
}

test('an engine is open from its connection until its recorder is closed', async (context) => {
  const { aggregator, isOpen } = newAggregator(context)
  for (let life = 0; life < 2; life++) {
    const link = aggregator.connect(0)
    const recorder = createRecorder(link)
    assert.equal(await isOpen(), true)
    recorder.close()
    await waitUntil('the last report', async () => !(await isOpen()))
  }
})

test('an engine whose thread ends without closing its recorder stays open', async (context) => {
  const { aggregator, isOpen } = newAggregator(context)
  const link = aggregator.connect(0)
  createRecorder(link)
  const closed = once(link.port, 'close')
  // As at the end of a thread.
  link.port.close()
  await closed
  await waitUntil('the end', () => !aggregator.snapshot().sources[0]?.health.up)
  assert.equal(await isOpen(), true)

  createRecorder(aggregator.connect(0)).close()
  await waitUntil('the last report', async () => !(await isOpen()))
})

test('an engine that is disconnected is not open', async (context) => {
  const { aggregator, isOpen } = newAggregator(context)
  createRecorder(aggregator.connect(0))
  assert.equal(await isOpen(), true)
  aggregator.disconnect(0)
  assert.equal(await isOpen(), false)
})

test('an engine of another process is open from its first report to its final one', async (context) => {
  const { aggregator, isOpen } = newAggregator(context)
  const ingest = (report: Parameters<typeof reportBytes>[0]) => {
    assert.ok(aggregator.ingest(reportBytes({ engine: 0, ...report })).accepted)
  }
  ingest({ incarnation: 7, sequence: 1 })
  assert.equal(await isOpen(), true)
  ingest({ incarnation: 7, sequence: 2, final: true })
  assert.equal(await isOpen(), false)
  // A late report of an earlier incarnation changes nothing.
  ingest({ incarnation: 6, sequence: 1 })
  assert.equal(await isOpen(), false)
  ingest({ incarnation: 8, sequence: 1 })
  assert.equal(await isOpen(), true)
})

test('an engine that sends rows is never open, since it need not send any', async (context) => {
  const { aggregator, isOpen } = newAggregator(context)
  const rows = pack({ load_get: [{ duration_seconds: 0.5, num_keys: 3 }] })
  assert.ok(aggregator.ingest(rows, { engine: 0 }).accepted)
  assert.equal(await isOpen(), false)
})

test('an engine that its pool no longer restarts stays open until it connects again', async (context) => {
  const { aggregator, isOpen } = newAggregator(context)
  const restart = { restartsMax: 0 }
  // The pool closes the recorder of an engine that throws.
  const pool = new EnginePool({ aggregator, filename: THROWING_ENGINE, engines: 1, restart })
  const [outcome] = await pool.run()
  assert.equal(outcome?.state, 'failed')
  await waitUntil('the end', () => !aggregator.snapshot().sources[0]?.health.up)
  assert.equal(await isOpen(), true)
  await pool.stop()

  createRecorder(aggregator.connect(0)).close()
  await waitUntil('the last report', async () => !(await isOpen()))
})

test('an engine that returns in its pool is not open', async (context) => {
  const { aggregator, isOpen } = newAggregator(context)
  const pool = new EnginePool({ aggregator, filename: RETURNING_ENGINE, engines: 1 })
  const [outcome] = await pool.run()
  assert.equal(outcome?.state, 'finished')
  // Its last report arrives after the outcome.
  await waitUntil('the last report', async () => !(await isOpen()))
  await pool.stop()
})

/** An engine file whose function has this text. */
function engineOf(body: string): URL {
  return new URL(`data:text/javascript,${encodeURIComponent(`export function run() { ${body} }`)}`)
}
