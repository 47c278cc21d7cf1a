import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DURATION_SECONDS_MAX } from '../../src/stats/row.js'
import { startRecording } from '../support/engines/recording.js'
import { boundLists, durations } from '../support/generators/arbitraries.js'
import { nextDown, nextUp } from '../support/generators/floats.js'

/** Durations, many of them on a bound or next to one. */
function durationsFor(bounds: readonly number[]): fc.Arbitrary<readonly number[]> {
  const near = bounds
    .filter((bound) => bound >= 0 && bound < DURATION_SECONDS_MAX)
    .flatMap((bound) => (bound > 0 ? [nextDown(bound), bound, nextUp(bound)] : [0]))
  const drawn = fc.oneof(durations, fc.constantFrom(...near, 0.5))
  return fc.array(drawn, { minLength: 1, maxLength: 600, size: 'max' })
}

const cases = boundLists.chain((bounds) =>
  fc.record({ bounds: fc.constant(bounds), values: durationsFor(bounds) }),
)

test('each bucket counts exactly the durations up to its bound, under any bounds', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ bounds, values }) => {
      const recording = startRecording({ bounds })
      const handle = recording.recorder.operation('op')
      for (const value of values) handle.record(value, 1)
      const [source] = recording.aggregator.snapshot().sources
      const [series] = source.series
      const limits = [...bounds, Number.POSITIVE_INFINITY]
      const counts = limits.map((bound) => values.filter((value) => value <= bound).length)
      assert.deepEqual(series.bucketCounts, counts)
      assert.equal(series.rows, values.length)
      const sorted = Float64Array.from(values).sort()
      for (const quantile of [0, 0.1, 0.5, 0.9, 0.99, 1]) {
        const rank = Math.max(0, Math.ceil(quantile * values.length) - 1)
        const off = Math.abs((series.quantile(quantile)?.seconds ?? Number.NaN) - sorted[rank])
        const limit = sorted[rank] < 2 ** 16 ? 0.016 * sorted[rank] + 1e-9 : sorted[rank]
        assert.ok(off <= limit, `quantile ${quantile} is off by ${off} of ${sorted[rank]}`)
      }
      await recording.close()
    }),
    { seed: 45, numRuns: 200, endOnFailure: true },
  )
})
