import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createRecorder, instrumentStore, type Recorder } from '../../src/recorder/index.js'
import { OperationRecorder } from '../../src/recorder/operation-recorder.js'
import { BinLayout } from '../../src/stats/bin-layout.js'
import { REPORT_EXEMPLARS_MAX } from '../../src/stats/exemplar.js'
import { decodePayload } from '../../src/wire/payload.js'
import type { DecodedReport } from '../../src/wire/report.js'
import { nextUp } from '../support/generators/floats.js'

const NOW_MS = 1_700_000_000_123

/** A recorder with the reports that it sent. */
function startCapturing(options: { bounds?: readonly number[]; traceId?: () => string } = {}) {
  const reports: DecodedReport[] = []
  let isReady = true
  const { bounds, traceId } = options
  const recorder = createRecorder({
    engine: 0,
    intervalMs: 60_000,
    now: () => NOW_MS,
    ...(bounds && { bounds }),
    ...(traceId && { traceId }),
    sink: {
      isReady: () => isReady,
      send: (bytes) => {
        const payload = decodePayload(bytes, { stats: bounds ? { bounds } : {} })
        assert.ok(payload.kind === 'report')
        reports.push(payload.report)
      },
    },
  })
  return {
    recorder,
    reports,
    setReady: (isNow: boolean) => {
      isReady = isNow
    },
  }
}

/** The operation, status, value and trace id of the exemplars of a report. */
function shown({ series, exemplars }: DecodedReport) {
  return exemplars.map(({ series: index, exemplar: { value, labels } }) => [
    series[index].operation,
    series[index].status,
    value,
    labels.trace_id,
  ])
}

/** The warnings of the process during a call. */
async function warningsOf(record: () => void): Promise<string[]> {
  const warnings: string[] = []
  const listener = ({ message }: Error) => void warnings.push(message)
  process.on('warning', listener)
  record()
  await turn()
  process.off('warning', listener)
  return warnings
}

test('the last row of each bucket of each series with a trace id is its exemplar', () => {
  const { recorder, reports } = startCapturing({ bounds: [0.01, 1] })
  const handle = recorder.operation('load_get')
  handle.record(0.001, 1, 0, 'ok', 0, 'first')
  handle.record(0.01, 1, 0, 'ok', 0, 'at the bound')
  handle.record(0.005, 1)
  handle.record(nextUp(0.01), 1, 0, 'ok', 0, 'above it')
  handle.record(0.001, 1, 0, 'error', 1, 'failed')
  recorder.record('save_put', 7, 1, { traceId: 'by name' })
  recorder.record('save_put', 8, 1, { numBytes: 3, traceId: undefined })
  recorder.close()
  assert.deepEqual(shown(reports[0]), [
    ['load_get', 'ok', 0.01, 'at the bound'],
    ['load_get', 'ok', nextUp(0.01), 'above it'],
    ['load_get', 'error', 0.001, 'failed'],
    ['save_put', 'ok', 7, 'by name'],
  ])
  assert.equal(reports[0].exemplars[0].exemplar.timestampSeconds, NOW_MS / 1e3)
  assert.deepEqual(
    reports[0].series.map(({ rows }) => rows),
    [4, 1, 2],
  )
})

test('a report has the exemplars since the previous report, also if its sink was not ready', () => {
  const { recorder, reports, setReady } = startCapturing()
  const handle = recorder.operation('op')
  handle.record(0.5, 1, 0, 'ok', 0, 'one')
  recorder.report()
  setReady(false)
  handle.record(0.5, 1, 0, 'ok', 0, 'two')
  recorder.report()
  setReady(true)
  handle.record(4.5, 1, 0, 'ok', 0, 'three')
  recorder.report()
  recorder.close()
  const traceIds = reports.map((report) => shown(report).map(([, , , traceId]) => traceId))
  assert.deepEqual(traceIds, [['one'], ['two', 'three'], []])
})

test('an invalid trace id is dropped with one warning, and its row is counted', async () => {
  const { recorder, reports } = startCapturing()
  const handle = recorder.operation('op')
  const wrong: readonly unknown[] = [
    null,
    7,
    {},
    Symbol('trace'),
    'x'.repeat(121),
    '\u{1f680}'.repeat(121),
    'x'.repeat(1e6),
    '\ud800',
  ]
  const warnings = await warningsOf(() => {
    for (const traceId of wrong) handle.record(0.5, 1, 0, 'ok', 0, traceId as string)
    recorder.record('op', 0.5, 1, { traceId: 7 as never })
  })
  assert.deepEqual(warnings, [
    'traceId: expected a string of 1 to 120 characters, got null; ' +
      'the row was counted without an exemplar',
  ])
  recorder.report()
  assert.deepEqual([reports[0].series[0].rows, shown(reports[0])], [wrong.length + 1, []])
  const longest = '\u{1f680}'.repeat(120)
  handle.record(0.5, 1, 0, 'ok', 0, longest)
  recorder.close()
  assert.deepEqual(shown(reports[1]), [['op', 'ok', 0.5, longest]])
})

test('a rejected row has no exemplar', () => {
  const { recorder, reports } = startCapturing()
  const handle = recorder.operation('op')
  assert.throws(() => handle.record(-1, 1, 0, 'ok', 0, 'trace'))
  handle.record(0.5, 1)
  recorder.close()
  assert.deepEqual(shown(reports[0]), [])
})

test('the exemplars of a report are limited, and those within the limit are still updated', () => {
  const bounds = Array.from({ length: 600 }, (_, bucket) => 1e-8 * 1.04 ** bucket)
  const { recorder, reports } = startCapturing({ bounds })
  const handle = recorder.operation('op')
  for (const bound of bounds) handle.record(bound, 1, 0, 'ok', 0, `${bound}`)
  handle.record(bounds[0], 1, 0, 'ok', 0, 'later')
  recorder.close()
  const [report] = reports
  assert.equal(report.series[0].rows, 601)
  assert.equal(report.exemplars.length, REPORT_EXEMPLARS_MAX)
  assert.deepEqual(shown(report)[0], ['op', 'ok', bounds[0], 'later'])
  assert.equal(new BinLayout(bounds).bounds.length, 600)
})

test('exemplars have the time of the system if the clock returns an invalid time', () => {
  const sent: Uint8Array[] = []
  const startSeconds = Date.now() / 1e3
  for (const now of [() => Number.NaN, () => -1, () => 1e18, () => 'now' as never]) {
    const sink = { send: (bytes: Uint8Array) => void sent.push(bytes) }
    const recorder = createRecorder({ engine: 0, sink, now })
    recorder.record('op', 0.5, 1, { traceId: 'trace' })
    recorder.close()
    const payload = decodePayload(sent.at(-1))
    assert.ok(payload.kind === 'report')
    const [{ exemplar }] = payload.report.exemplars
    assert.ok(exemplar.timestampSeconds >= startSeconds)
    assert.ok(exemplar.timestampSeconds <= Date.now() / 1e3)
  }
})

test('an exemplar has the time 0 where the clock of the system shows none either', (context) => {
  for (const shown of [-1, Number.NaN, 1e18]) {
    const now = () => shown
    context.mock.method(Date, 'now', now)
    const sent: Uint8Array[] = []
    const sink = { send: (bytes: Uint8Array) => void sent.push(bytes) }
    const recorder = createRecorder({ engine: 0, sink })
    recorder.record('op', 0.5, 1, { traceId: 'trace' })
    recorder.close()
    const payload = decodePayload(sent.at(-1))
    assert.ok(payload.kind === 'report')
    assert.equal(payload.report.exemplars[0].exemplar.timestampSeconds, 0)
  }
})

test('the option traceId is called for each row without a trace id', () => {
  let active: unknown = 'first'
  const { recorder, reports } = startCapturing({ traceId: () => active as string })
  const handle = recorder.operation('op')
  handle.record(0.5, 1)
  handle.record(1.5, 1, 0, 'ok', 0, 'own')
  active = 'second'
  recorder.record('op', 4.5, 1)
  recorder.record('op', 0.001, 1, { traceId: '' })
  active = undefined
  recorder.record('op', 0.002, 1)
  recorder.close()
  assert.deepEqual(
    shown(reports[0]).map(([, , value, traceId]) => [value, traceId]),
    [
      [0.5, 'first'],
      [1.5, 'own'],
      [4.5, 'second'],
    ],
  )
})

test('no row is lost if traceId throws', async () => {
  const fail = (): string => {
    throw new Error('no tracer')
  }
  const { recorder, reports } = startCapturing({ traceId: fail })
  const record = (by: Recorder) => {
    by.operation('op').record(0.5, 1)
    by.record('op', 0.5, 1)
  }
  const warnings = await warningsOf(() => record(recorder))
  assert.deepEqual(warnings, ['traceId threw: no tracer'])
  recorder.close()
  assert.deepEqual([reports[0].series[0].rows, shown(reports[0])], [2, []])
})

test('a recorder without the option has handles of the class without trace ids', () => {
  const plain = startCapturing().recorder
  const traced = startCapturing({ traceId: () => 'trace' }).recorder
  assert.equal(plain.operation('op').constructor, OperationRecorder)
  assert.notEqual(traced.operation('op').constructor, OperationRecorder)
  plain.close()
  traced.close()
})

test('an instrumented call belongs to the trace that is active when it begins', async () => {
  let active = 'caller'
  const { recorder, reports } = startCapturing({ traceId: () => active })
  const client = {
    batchGet: async (_keys: string[]) => {
      await turn()
      return [0]
    },
    batchPut: (_keys: string[]) => {
      throw new Error('full')
    },
  }
  const store = instrumentStore(client, recorder)
  const own = instrumentStore(client, recorder, { traceId: () => 'own' })
  const answer = store.batchGet(['a'])
  active = 'another'
  await answer
  assert.throws(() => store.batchPut(['a']), /full/)
  recorder.report()
  await own.batchGet([])
  recorder.close()
  assert.deepEqual(
    shown(reports[0]).map(([operation, status, , traceId]) => [operation, status, traceId]),
    [
      ['load_get', 'ok', 'caller'],
      ['save_put', 'error', 'another'],
    ],
  )
  assert.deepEqual(
    shown(reports[1]).map(([, , , traceId]) => traceId),
    ['own'],
  )
})
