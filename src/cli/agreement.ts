import { STORE_METRICS } from '../catalogue.js'
import { MoonmeterError } from '../errors.js'
import type { DefaultRegistry } from '../registry/create-registry.js'
import { type EngineTally, STORE_OPERATIONS } from '../simulate/store-call.js'
import type { Summaries } from './summary.js'

/** Relative tolerance of sums above 2^53, which depend on the order of the additions. */
const BIG_SUM_TOLERANCE = 1e-12
const COUNTS = ['calls', 'keys', 'bytes', 'failedKeys', 'errors'] as const
/**
 * Maximum number of engines for which all metrics are checked. For more, only the first is, since
 * each metric takes 0.2 s.
 */
const ALL_METRICS_ENGINES_MAX = 1_024
/** The names of the metrics whose values are compared. */
const METRICS = {
  calls: STORE_METRICS.operations.name,
  keys: STORE_METRICS.keys.name,
  bytes: STORE_METRICS.bytes.name,
  failedKeys: STORE_METRICS.failedKeys.name,
} as const

/**
 * Checks that the counts in the exposition of a registry equal the aggregated counts; for more than
 * 1,024 engines, only those of calls.
 *
 * @throws MoonmeterError `ENGINE_FAILED` when they differ
 */
export async function checkExposition(
  { operations }: Summaries,
  registry: DefaultRegistry,
  engineCount: number,
): Promise<void> {
  const metrics = Object.entries(METRICS)
  const checked = engineCount > ALL_METRICS_ENGINES_MAX ? metrics.slice(0, 1) : metrics
  for (const [count, metric] of checked) {
    // One metric at a time: with thousands of engines, the whole text takes 100 MB.
    const lines = (await registry.getSingleMetricAsString(metric)).split('\n')
    const samples = lines.filter((line) => line.startsWith(`${metric}{`))
    assertSameSum(
      `the exposed ${metric}`,
      samples.map((line) => Number(line.slice(line.lastIndexOf(' ')))),
      Object.values(operations).map((summary) => summary[count as keyof typeof METRICS]),
    )
  }
}

/**
 * Checks that the counts of the engines equal the aggregated counts.
 *
 * @throws MoonmeterError `ENGINE_FAILED` when they differ
 */
export function checkTallies({ operations }: Summaries, tallies: readonly EngineTally[]): void {
  for (const count of COUNTS) {
    for (const operation of STORE_OPERATIONS) {
      const counted = tallies.map((tally) => tally[operation][count])
      const aggregated = operations[operation]?.[count] ?? 0
      assertSameSum(`the engines' ${count} of ${operation}`, counted, [aggregated])
    }
    assertSameSum(
      `the engines' ${count} of other operations`,
      tallies.map((tally) => tally.others?.[count] ?? 0),
      Object.entries(operations)
        .filter(([name]) => !(STORE_OPERATIONS as readonly string[]).includes(name))
        .map(([, summary]) => summary[count]),
    )
  }
}

function assertSameSum(what: string, got: readonly number[], expected: readonly number[]): void {
  const [gotSum, expectedSum] = [got, expected].map((values) => values.reduce((a, b) => a + b, 0))
  const tolerance = expectedSum > Number.MAX_SAFE_INTEGER ? BIG_SUM_TOLERANCE * expectedSum : 0
  if (Math.abs(gotSum - expectedSum) <= tolerance) return
  throw new MoonmeterError(
    'ENGINE_FAILED',
    `${what}: expected ${expectedSum} as aggregated, got ${gotSum}; this is a bug of moonmeter`,
  )
}
