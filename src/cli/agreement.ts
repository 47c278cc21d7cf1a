import { STORE_METRICS } from '../catalogue.js'
import { MoonmeterError } from '../errors.js'
import type { EngineOutcome } from '../pool/engine-outcome.js'
import type { Tally } from '../simulate/tally.js'
import type { SimulationResult } from './simulation-result.js'

/** Allowed for counts past 2^53, relative to them. */
const BIG_TOLERANCE = 1e-12

/** The counts that engines, result and exposition must agree on, and where they are exposed. */
const COUNTS = {
  calls: STORE_METRICS.operations.name,
  keys: STORE_METRICS.keys.name,
  bytes: STORE_METRICS.bytes.name,
  failedKeys: STORE_METRICS.failedKeys.name,
} as const

/**
 * Check, at the end of every run, that what the engines say they recorded, what was gathered and
 * what a scrape shows are the same. An engine that failed says nothing, and one that was brought
 * back speaks of its last life only, so then the engines are left out.
 *
 * @throws MoonmeterError `ENGINE_FAILED` when an engine failed, or when something does not agree
 */
export function checkAgreement(
  outcomes: readonly EngineOutcome[],
  restarts: number,
  result: SimulationResult,
  scraped: string,
): void {
  const gathered = Object.values(result.operations)
  for (const [count, metric] of Object.entries(COUNTS) as [keyof typeof COUNTS, string][]) {
    const expected = sum(gathered.map((summary) => summary[count]))
    assertSame(`the scrape's ${metric}`, sumOfSamples(scraped, metric), expected)
  }
  for (const outcome of outcomes) if (outcome.state === 'failed') throw outcome.error
  if (restarts > 0) return
  const tallies = outcomes.map((outcome) => outcome.state === 'finished' && outcome.result)
  for (const [operation, summary] of Object.entries(result.operations)) {
    for (const count of ['calls', 'keys', 'bytes', 'failedKeys', 'errors'] as const) {
      const said = sum(tallies.map((tally) => (tally as Tally)[operation as keyof Tally][count]))
      assertSame(`the engines' ${count} of ${operation}`, said, summary[count])
    }
  }
}

function assertSame(what: string, got: number, expected: number): void {
  // Past 2^53 a sum depends on the order in which it was added up.
  const tolerance = expected > Number.MAX_SAFE_INTEGER ? BIG_TOLERANCE * expected : 0
  if (Math.abs(got - expected) <= tolerance) return
  throw new MoonmeterError(
    'ENGINE_FAILED',
    `${what}: expected ${expected} as gathered, got ${got}; this is a bug of moonmeter`,
  )
}

function sumOfSamples(text: string, metric: string): number {
  const lines = text.split('\n').filter((line) => line.startsWith(`${metric}{`))
  return sum(lines.map((line) => Number(line.slice(line.lastIndexOf(' ')))))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
