import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { receiveMessageOnPort, Worker } from 'node:worker_threads'
import { Unpackr } from 'msgpackr'
import { EngineAggregator } from '../../src/index.js'
import { Journal } from '../../src/journal/journal.js'
import { JournalLayout } from '../../src/journal/journal-layout.js'
import { createRecorder } from '../../src/recorder/index.js'
import { DEFAULT_LAYOUT } from '../../src/stats/bin-layout.js'
import { decodePayload } from '../../src/wire/payload.js'
import { failure } from '../support/assertions/failures.js'
import { seriesOf } from '../support/assertions/journals.js'
import { decodeReport, openLink, takeReports } from '../support/engines/links.js'
import { startRecording } from '../support/engines/recording.js'
import { waitUntil } from '../support/processes/wait-until.js'

const BUSY_ENGINE = new URL('../support/engines/busy-engine.js', import.meta.url)

test('a report contains all rows so far, in order, with engine, incarnation and time', () => {
  const { link, port } = openLink(5, 3)
  const recorder = createRecorder(link, { now: () => 1_700_000_000_123 })
  recorder.record('op', 0.5, 2, { numBytes: 3, status: 'error', numFailedKeys: 1 })
  recorder.report()
  recorder.record('op', 0.5, 2)
  recorder.close()
  const message = receiveMessageOnPort(port)?.message
  const { timestamp_ms } = new Unpackr({ useRecords: false }).unpack(message)
  assert.equal(timestamp_ms, 1_700_000_000_123)
  const first = decodeReport(message)
  const [last] = takeReports(port)
  assert.deepEqual([first.engine, first.incarnation, first.sequence, first.final], [5, 3, 1, false])
  assert.deepEqual(
    first.series.map(({ operation, status, rows, numKeys }) => [operation, status, rows, numKeys]),
    [['op', 'error', 1, 2]],
  )
  assert.deepEqual([last.sequence, last.final, last.series.length], [2, true, 2])
  port.close()
})

test('at most two reports wait, and the next one has all later rows', () => {
  const { link, port, taken } = openLink(0, 1)
  const recorder = createRecorder(link)
  for (let row = 1; row <= 9; row++) {
    recorder.record('op', 1, 1)
    recorder.report()
  }
  const waiting = takeReports(port)
  assert.deepEqual(
    waiting.map(({ sequence, series }) => [sequence, series[0].rows]),
    [
      [1, 1],
      [2, 2],
    ],
  )
  recorder.report()
  assert.equal(receiveMessageOnPort(port), undefined)
  taken(1)
  recorder.report()
  recorder.report()
  const [next, ...none] = takeReports(port)
  assert.deepEqual([next.sequence, next.series[0].rows], [3, 9])
  assert.deepEqual(none, [])
  recorder.close()
  port.close()
})

test('after close, old and new handles drop rows, and no report is posted', async () => {
  const recording = startRecording()
  const { recorder, aggregator } = recording
  const handle = recorder.operation('op')
  handle.record(1, 1)
  assert.equal(recorder.closed, false)
  recorder.close()
  recorder.close()
  assert.equal(recorder.closed, true)
  assert.throws(() => handle.record(1, 1), failure('CLOSED'))
  assert.throws(() => handle.record(1, 1, 0, 'new'), failure('CLOSED'))
  assert.throws(() => recorder.record('op', 1, 1), failure('CLOSED'))
  assert.throws(() => recorder.operation('new').record(1, 1), failure('CLOSED'))
  recorder.report()
  assert.equal(aggregator.stats().rows, 1)
  await recording.close()
})

test('an engine that never yields sends requested reports from inside record', async (context) => {
  const aggregator = new EngineAggregator({ intervalMs: 20, silentAfterMs: 60_000 })
  const link = aggregator.connect(0)
  const worker = new Worker(BUSY_ENGINE, {
    workerData: { link },
    transferList: [...link.transferList],
  })
  context.after(async () => {
    await worker.terminate()
    await aggregator.close()
  })
  const reports = async () => {
    const text = await aggregator.registry.metrics()
    return Number(/^moonmeter_engine_reports_total\{engine="0"\} (\d+)$/m.exec(text)?.[1])
  }
  await waitUntil('three reports of a busy engine', async () => (await reports()) >= 3)
  assert.match(await aggregator.registry.metrics(), /^moonmeter_engine_up\{engine="0"\} 1$/m)
  const exited = once(worker, 'exit')
  aggregator.requestStop(0)
  const [code] = await exited
  assert.equal(code, 0)
})

test('a report is sent every interval if the thread yields', async () => {
  const { link, port } = openLink(0, 1, 5)
  const recorder = createRecorder(link)
  recorder.record('op', 1, 1)
  const [message] = await once(port, 'message')
  const payload = decodePayload(message)
  assert.ok(payload.kind === 'report')
  assert.equal(payload.report.series[0].rows, 1)
  recorder.close()
  port.close()
})

test('a request to stop is seen in a loop, and aborts the signal', async () => {
  const aggregator = new EngineAggregator()
  const recorder = createRecorder(aggregator.connect(0))
  const { signal } = recorder
  assert.equal(recorder.signal, signal)
  assert.deepEqual([recorder.stopRequested, signal.aborted], [false, false])
  const aborted = once(signal, 'abort')
  aggregator.requestStop(0)
  assert.equal(recorder.stopRequested, true)
  // A signal does not keep a thread alive, so a timer does.
  const alive = setInterval(() => {}, 1_000)
  await aborted
  clearInterval(alive)
  recorder.close()

  const late = createRecorder(aggregator.connect(0))
  aggregator.requestStop(0)
  assert.ok(late.signal.aborted)
  late.close()
  await aggregator.close()
})

test('the memory of a link is a journal that any reader can read', () => {
  const { link, port } = openLink(0, 1)
  const recorder = createRecorder(link)
  recorder.record('op', 1, 1)
  const layout = new JournalLayout(DEFAULT_LAYOUT, link.seriesMax)
  const [series] = seriesOf(new Journal(link.journal, layout))
  assert.deepEqual([series.operation, series.rows], ['op', 1])
  recorder.close()
  port.close()
})
