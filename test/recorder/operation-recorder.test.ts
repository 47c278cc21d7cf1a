import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DURATION_BOUNDS_SECONDS } from '../../src/catalogue.js'
import { MooncakeStoreConnectorStats } from '../../src/index.js'
import { contentsOf, contentsOfPacked } from '../support/assertions/contents.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { failure } from '../support/assertions/failures.js'
import { journalOf, seriesOf } from '../support/assertions/journals.js'
import { startRecording } from '../support/engines/recording.js'
import { counts, durations, EDGE_DURATIONS } from '../support/generators/arbitraries.js'
import { nextDown, nextUp } from '../support/generators/floats.js'

/** The limit of a recorder on statuses per operation. */
const STATUSES_MAX = 8
const statuses = fc.constantFrom('ok', 'partial_failure', 'error', '', '__proto__', 'other', 'x')
const manyRows = fc.array(
  fc.record({
    operation: fc.constantFrom('load_get', 'save_put', '\u{1f680}', 'other', ''),
    durationSeconds: durations,
    numKeys: fc.oneof(counts, fc.double({ min: 0, max: 1e6, noNaN: true })),
    numBytes: fc.oneof(counts, fc.double({ min: 0, max: 1e6, noNaN: true })),
    status: fc.oneof(
      { weight: 5, arbitrary: statuses },
      { weight: 1, arbitrary: fc.nat({ max: 20 }).map((number) => `status ${number}`) },
    ),
    numFailedKeys: counts,
  }),
  { maxLength: 300, size: 'max' },
)

test('recorded rows are equal to the stats of the same rows, for any rows', async () => {
  await fc.assert(
    fc.asyncProperty(manyRows, fc.boolean(), async (rows, byHandle) => {
      const expected = new MooncakeStoreConnectorStats({ statusesMax: STATUSES_MAX })
      const recording = startRecording({ seriesMax: 64 })
      const { aggregator, recorder } = recording
      for (const row of rows) {
        const { operation, durationSeconds, numKeys, numBytes, status, numFailedKeys } = row
        expected.recordOperation(operation, durationSeconds, numKeys, row)
        if (byHandle) {
          const handle = recorder.operation(operation)
          handle.record(durationSeconds, numKeys, numBytes, status, numFailedKeys)
        } else recorder.record(operation, durationSeconds, numKeys, row)
      }
      assert.deepEqual(contentsOfPacked(seriesOf(journalOf(recording.link))), contentsOf(expected))
      const stats = aggregator.stats(0)
      assert.deepEqual(contentsOf(stats), contentsOf(expected))
      assert.deepEqual(stats.reduce(), expected.reduce())
      await recording.close()
      assert.deepEqual(contentsOf(aggregator.stats()), contentsOf(expected))
      assert.deepEqual(aggregator.stats().reduce(), expected.reduce())
    }),
    { seed: 40, numRuns: 25 },
  )
})

test('every bound, and its neighbouring numbers, are exposed in the right bucket', async () => {
  const custom = [2 ** -30, 0.0123, 1, 1.04, 4096]
  const dense = [1e-12, 1, nextUp(1), 1.01, 1.0101, 2 ** 16, 1e6, 2 ** 63]
  for (const bounds of [DURATION_BOUNDS_SECONDS, custom, dense, []]) {
    const recording = startRecording({ bounds })
    const edges = bounds.flatMap((bound) => [nextDown(bound), bound, nextUp(bound)])
    const values = [...edges, ...EDGE_DURATIONS]
    const expected = new MooncakeStoreConnectorStats({ bounds })
    for (const value of values) {
      recording.recorder.record('op', value, 1)
      expected.recordOperation('op', value, 1)
    }
    const { aggregator } = recording
    assert.deepEqual(contentsOf(aggregator.stats(0)), contentsOf(expected))
    await recording.close()
    const samples = parseExposition(await aggregator.registry.metrics())
    const buckets = samples.filter(({ name }) => name.endsWith('_seconds_bucket'))
    const limits = [...bounds, Number.POSITIVE_INFINITY]
    assert.deepEqual(
      buckets.map(({ labels, value }) => [
        labels.le === '+Inf' ? Infinity : Number(labels.le),
        value,
      ]),
      limits.map((bound) => [bound, values.filter((value) => value <= bound).length]),
    )
  }
})

test('minus zero is zero', async () => {
  const recording = startRecording()
  recording.recorder.record('op', -0, -0, { numBytes: -0 })
  const [series] = seriesOf(journalOf(recording.link))
  assert.deepEqual([series.rows, series.durationSum, [...series.bins]], [1, 0n, [1]])
  assert.equal(recording.aggregator.stats().reduce().op_avg_ms, 0)
  await recording.close()
})

test('invalid rows throw and change no counter', async () => {
  const recording = startRecording()
  const { recorder, aggregator } = recording
  const handle = recorder.operation('op')
  handle.record(0.5, 3, 2, 'ok', 1)
  const before = contentsOf(aggregator.stats())
  const wrong: readonly unknown[] = [
    -1,
    -Number.MIN_VALUE,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    '1',
    '0',
    '',
    null,
    true,
    [],
    [1],
    new Date(1),
    1n,
    Symbol('1'),
  ]
  for (const value of wrong as readonly number[]) {
    const what = String(value)
    assert.throws(() => handle.record(value, 1), failure('INVALID_ROW'), `duration ${what}`)
    assert.throws(() => handle.record(1, value), failure('INVALID_ROW'), `keys ${what}`)
    assert.throws(() => handle.record(1, 1, value), failure('INVALID_ROW'), `bytes ${what}`)
    assert.throws(() => handle.record(1, 1, 1, 'ok', value), failure('INVALID_ROW'), what)
    assert.throws(() => recorder.record('op', value, 1), failure('INVALID_ROW'), what)
  }
  assert.throws(() => handle.record(undefined as never, 1), failure('INVALID_ROW'))
  assert.throws(() => handle.record(1, undefined as never), failure('INVALID_ROW'))
  for (const status of [1, null, {}] as never[]) {
    assert.throws(() => handle.record(1, 1, 1, status), failure('INVALID_ROW'))
  }
  assert.deepEqual(contentsOf(aggregator.stats()), before)
  handle.record(0.5, 3, 2, 'ok', 1)
  assert.equal(aggregator.stats().rows, 2)
  await recording.close()
})

test('a rejected row creates no series', async () => {
  const recording = startRecording()
  const { recorder, aggregator } = recording
  assert.throws(() => recorder.record('new', Number.NaN, 1), failure('INVALID_ROW'))
  assert.throws(() => recorder.operation('op').record(1, -1, 0, 'new'), failure('INVALID_ROW'))
  assert.equal(journalOf(recording.link).seriesCount, 0)
  await recording.close()
  assert.doesNotMatch(await aggregator.registry.metrics(), /operation="/)
})

test('rows past the limit on statuses are counted as other, and known statuses keep their series', async () => {
  const recording = startRecording()
  const handle = recording.recorder.operation('op')
  for (let round = 0; round < 3; round++) {
    for (let status = 0; status < STATUSES_MAX + 4; status++) handle.record(1, 1, 0, `${status}`)
  }
  const rows = [...recording.aggregator.stats().series()].map(({ status, stats }) => [
    status,
    stats.rows,
  ])
  const known = Array.from({ length: STATUSES_MAX }, (_, status) => [`${status}`, 3])
  assert.deepEqual(rows, [...known, ['other', 12]])
  await recording.close()
})

test('rows past the journal’s limit, or with names too long for it, are counted as other', async () => {
  const recording = startRecording({ seriesMax: 4 })
  const { recorder } = recording
  recorder.record('first', 1, 1)
  recorder.record('x'.repeat(256), 1, 1)
  recorder.record('first', 1, 1, { status: '\u00e9'.repeat(128) })
  for (let index = 0; index < 9; index++) recorder.record(`op ${index}`, 1, 1)
  recorder.record('first', 1, 1)
  const rows = [...recording.aggregator.stats().series()].map(({ operation, status, stats }) => [
    operation,
    status,
    stats.rows,
  ])
  assert.equal(recording.aggregator.stats().rows, 13)
  assert.deepEqual(rows, [
    // The other blocks are reserved for known statuses of this operation and of `other`.
    ['first', 'ok', 2],
    ['op 0', 'ok', 1],
    ['op 1', 'ok', 1],
    ['other', 'ok', 8],
    ['other', 'other', 1],
  ])
  await recording.close()
})
