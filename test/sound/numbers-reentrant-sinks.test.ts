import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EngineAggregator } from '../../src/index.js'
import { createRecorder, type Recorder } from '../../src/recorder/index.js'

/** A recorder whose sink calls the recorder before it keeps a report. */
function recordTo(onSend: (recorder: Recorder) => void) {
  const reports: Uint8Array[] = []
  const sink = {
    send: (bytes: Uint8Array) => {
      onSend(recorder)
      reports.push(bytes)
    },
  }
  const recorder: Recorder = createRecorder({ engine: 0, sink })
  return { recorder, reports }
}

/** Rows and health as reports in their order make them. */
async function ingest(reports: readonly Uint8Array[]) {
  const aggregator = new EngineAggregator()
  for (const bytes of reports) assert.equal(aggregator.ingest(bytes).accepted, true)
  const [source] = aggregator.snapshot().sources
  await aggregator.close()
  return source?.health
}

test('a sink that requests a report during a send gets one report at a time', async () => {
  const { recorder, reports } = recordTo((own) => own.report())
  recorder.record('op', 1, 1)
  recorder.report()
  recorder.record('op', 1, 1)
  recorder.report()
  assert.equal(reports.length, 2)
  assert.equal((await ingest(reports))?.rows, 2)
  recorder.close()
})

test('a sink that closes the recorder while it sends gets one last report', async () => {
  const { recorder, reports } = recordTo((own) => own.close())
  recorder.record('op', 1, 1)
  recorder.report()
  assert.equal(recorder.closed, true)
  recorder.report()
  recorder.close()
  assert.equal(reports.length, 2)
  const health = await ingest(reports)
  assert.equal(health?.rows, 1)
  assert.equal(health?.up, false)
})

test('rows that a sink records while it sends are in the next report', async () => {
  const { recorder, reports } = recordTo((own) => {
    if (!own.closed) for (let row = 0; row < 1_000; row++) own.record('sent', 1, 1)
  })
  recorder.record('op', 1, 1)
  recorder.report()
  recorder.close()
  assert.equal(reports.length, 2)
  assert.equal((await ingest(reports))?.rows, 1_001)
})

test('the final report is sent although isReady of the sink throws or rejects', async () => {
  const failing: readonly (() => unknown)[] = [
    () => {
      throw new Error('not ready')
    },
    () => Promise.reject(new Error('not ready')),
  ]
  for (const isReady of failing) {
    const reports: Uint8Array[] = []
    const send = (bytes: Uint8Array) => void reports.push(bytes)
    const recorder = createRecorder({
      engine: 0,
      sink: { send, isReady: isReady as () => boolean },
    })
    recorder.record('op', 1, 1)
    recorder.report()
    recorder.close()
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal((await ingest(reports))?.rows, 1)
  }
})
