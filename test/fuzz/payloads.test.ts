import assert from 'node:assert/strict'
import { test } from 'node:test'
import { REJECTION_REASONS } from '../../src/errors.js'
import type { IngestResult } from '../../src/index.js'
import { Random } from '../../src/simulate/random.js'
import { MIB, memoryInUse, mib } from '../support/assertions/memory.js'
import { Target } from '../support/assertions/payload-target.js'
import {
  HOSTILE_ENGINE,
  MUTATIONS,
  mutated,
  randomPayload,
} from '../support/generators/mutations.js'

/** A run is repeated with its seed: `MOONMETER_FUZZ_SEED=7 MOONMETER_FUZZ_CASES=100000`. */
const SEED = Number(process.env.MOONMETER_FUZZ_SEED ?? 3)
/** Payloads of each kind; the default takes a second. */
const CASES = Number(process.env.MOONMETER_FUZZ_CASES ?? 2_000)
/** Number of payloads per mutation, which must cover every reason of rejection. */
const PER_MUTATION = 100
/** Maximum processor time of a case in milliseconds, which does not include other processes. */
const CASE_MS_MAX = 50
/** Attempts of a slow case, since one may include a garbage collection. */
const TRIES = 3
const US_PER_MS = 1e3
const EXPOSITION_EVERY = 1_000
const SOUND_TEXT_EVERY = 20
/** Number of payloads after which growth of the heap indicates a leak. */
const HEAP_CASES_MIN = 50_000
const WARM_UP_CASES = 5_000
const HEAP_GROWTH_MAX = 2 * MIB
const TIMEOUT_MS = 600_000

/** Figures of ingested payloads. */
interface Tally {
  readonly byReason: Map<string, number>
  accepted: number
}

/** Ingests payloads, and checks that each is accepted or changes nothing. */
async function attack(payloads: Iterable<Uint8Array>): Promise<Tally> {
  const tally: Tally = { byReason: new Map(), accepted: 0 }
  let target = new Target()
  const pristine = await target.exposition()
  let at = 0
  for (const payload of payloads) {
    const before = target.refused
    const result = ingest(target, payload)
    if (result.accepted) {
      tally.accepted++
      assert.equal(target.refused, before)
      await target.assertSound(payload, tally.accepted % SOUND_TEXT_EVERY === 0)
      await target.aggregator.close()
      target = new Target()
    } else {
      const { reason = 'none' } = result.error
      assert.ok(REJECTION_REASONS.includes(reason as never), reason)
      assert.ok(target.refused > before)
      tally.byReason.set(reason, (tally.byReason.get(reason) ?? 0) + 1)
      target.assertUnchanged(payload)
    }
    if (++at % EXPOSITION_EVERY === 0) assert.equal(await target.exposition(), pristine)
  }
  assert.equal(await target.exposition(), pristine)
  await target.aggregator.close()
  return tally
}

/** Ingests a payload within the time limit. */
function ingest({ aggregator }: Target, payload: Uint8Array): IngestResult {
  let result: IngestResult
  let tries = 0
  let ms = 0
  do {
    const before = process.cpuUsage()
    result = aggregator.ingest(payload, { engine: HOSTILE_ENGINE })
    const { user, system } = process.cpuUsage(before)
    ms = (user + system) / US_PER_MS
  } while (ms > CASE_MS_MAX && !result.accepted && ++tries < TRIES)
  assert.ok(tries < TRIES, `${ms} ms for ${Buffer.from(payload).toString('hex')}`)
  return result
}

function* meaningless(random: Random, count: number): Generator<Uint8Array> {
  for (let index = 0; index < count; index++) yield randomPayload(random)
}

function describe({ byReason, accepted }: Tally): string {
  const reasons = REJECTION_REASONS.map((reason) => `${reason} ${byReason.get(reason) ?? 0}`)
  return `accepted ${accepted}, refused as ${reasons.join(', ')}`
}

const KINDS = [
  ['mutated from valid ones', mutated],
  ['of random bytes', meaningless],
] as const

for (const [what, payloads] of KINDS) {
  const name = `of ${CASES} payloads ${what} (seed ${SEED}) none throws, and a refused one changes nothing`
  test(name, { timeout: TIMEOUT_MS }, async () => {
    const isLong = CASES >= HEAP_CASES_MIN
    if (isLong) await attack(payloads(new Random(SEED, 1), WARM_UP_CASES))
    const before = isLong ? await memoryInUse() : undefined
    const tally = await attack(payloads(new Random(SEED, 0), CASES))
    console.log(`${CASES} payloads ${what}, seed ${SEED}: ${describe(tally)}`)
    const refused = [...tally.byReason.values()].reduce((sum, count) => sum + count, 0)
    assert.equal(refused + tally.accepted, CASES)
    if (before === undefined) return
    const after = await memoryInUse()
    console.log(`heap ${mib(before.heap)} before, ${mib(after.heap)} after`)
    assert.ok(after.heap - before.heap < HEAP_GROWTH_MAX)
  })
}

test('every kind of mutation is rejected, and every reason occurs', async () => {
  const random = new Random(5, 0)
  const lines: string[] = []
  const reasons = new Set<string>()
  let target = new Target()
  for (const [name, mutation] of Object.entries(MUTATIONS)) {
    const own = new Set<string>()
    for (let index = 0; index < PER_MUTATION; index++) {
      const result = ingest(target, mutation(random))
      if (result.accepted) {
        await target.aggregator.close()
        target = new Target()
      } else own.add(result.error.reason ?? 'none')
    }
    lines.push(`${name} (${[...own].sort().join(' ')})`)
    assert.ok(own.size > 0, name)
    for (const reason of own) reasons.add(reason)
  }
  await target.aggregator.close()
  console.log(`kinds of mutation and why they were refused: ${lines.join(', ')}`)
  // Reasons that depend on the state of the engine, not on the payload.
  const ofState = ['local', 'incarnation', 'journal', 'flood']
  const expected = REJECTION_REASONS.filter((reason) => !ofState.includes(reason))
  assert.deepEqual([...reasons].sort(), expected.sort())
})
