import assert from 'node:assert/strict'
import { Random } from '../../../src/simulate/random.js'

/** The seed of `npm test`. It is fixed, so that the tests depend on the code only. */
const SEED_DEFAULT = 1
/**
 * A case is slow if it is slow at each of these attempts: one may be slow by a garbage collection.
 */
const ATTEMPTS_MAX = 3
const US_PER_MS = 1e3

/** Checks one case. It must draw from `random` only, so that the case can be repeated. */
type Check = (random: Random, index: number) => void | Promise<void>

/** The number of cases, and the time limit of a case. */
export interface FuzzPlan {
  /** Cases of the short form; `MOONMETER_FUZZ_CASES` sets the number instead. */
  readonly cases: number
  /** Milliseconds of a processor that a case may take; unlimited by default. */
  readonly msMax?: number
}

/**
 * Runs a check on many seeded cases, and names the first that fails by seed and index.
 *
 * `MOONMETER_FUZZ_SEED` sets the seed of all cases. `MOONMETER_FUZZ_CASE` runs only the case with
 * that index: each case has a separate stream of random numbers, so it does not depend on the
 * others.
 *
 * @throws Error with the command line's settings that repeat the case, and the failure as `cause`
 */
export async function forEachCase(
  { cases, msMax = Number.POSITIVE_INFINITY }: FuzzPlan,
  check: Check,
): Promise<void> {
  const seed = setting('MOONMETER_FUZZ_SEED') ?? SEED_DEFAULT
  const only = setting('MOONMETER_FUZZ_CASE')
  const first = only ?? 0
  const end = only === undefined ? (setting('MOONMETER_FUZZ_CASES') ?? cases) : only + 1
  for (let index = first; index < end; index++) {
    try {
      const ms = await fastestMs(check, seed, index, msMax)
      assert.ok(ms <= msMax, `expected at most ${msMax} ms, took ${ms.toFixed(1)} ms`)
    } catch (cause) {
      const repeat = `MOONMETER_FUZZ_SEED=${seed} MOONMETER_FUZZ_CASE=${index}`
      throw new Error(`case ${index} fails; ${repeat} repeats it`, { cause })
    }
  }
  console.log(`${end - first} cases of seed ${seed}`)
}

async function fastestMs(check: Check, seed: number, index: number, msMax: number) {
  let fastest = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const startMs = performance.now()
    const before = process.cpuUsage()
    await check(new Random(seed, index), index)
    const { user, system } = process.cpuUsage(before)
    // Processor time does not include other processes and waiting.
    const busyMs = (user + system) / US_PER_MS
    fastest = Math.min(fastest, performance.now() - startMs, busyMs)
    if (fastest <= msMax) break
  }
  return fastest
}

function setting(name: string): number | undefined {
  const text = process.env[name]
  if (text === undefined || text === '') return undefined
  const value = Number(text)
  assert.ok(Number.isSafeInteger(value) && value >= 0, `${name}: expected an integer, got ${text}`)
  return value
}
