import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { REJECTION_REASONS } from '../../src/errors.js'
import { EngineAggregator } from '../../src/index.js'
import { HEADER } from '../../src/journal/journal-layout.js'
import { createRecorder } from '../../src/recorder/index.js'
import { Random } from '../../src/simulate/random.js'
import { pack } from '../../src/wire/msgpack.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { MIB, memoryInUse, mib } from '../support/assertions/memory.js'
import { pick } from '../support/generators/draws.js'
import {
  HOSTILE_ENGINE,
  KNOWN_ROWS,
  MUTATIONS,
  PAYLOAD_BYTES_MAX,
  randomPayload,
} from '../support/generators/mutations.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'
import { waitUntil } from '../support/processes/wait-until.js'

/** 100,000 in the long form. */
const PAYLOADS = Number(process.env.MOONMETER_FUZZ_CASES ?? 20_000)
const PORT_PAYLOADS = 5_000
const WARM_UP_PAYLOADS = 5_000
const EXPOSITION_EVERY = 1_000
const SOUND_TEXT_EVERY = 20
const HEAP_GROWTH_MAX = 2 * MIB
const TIMEOUT = { timeout: 60_000 + PAYLOADS }
const engine = HOSTILE_ENGINE
const ROWS = pack({ load_get: [{ duration_seconds: 0.5, num_keys: 1 }] })

/** An aggregator with a incarnation and rows in it, and what it must be like while it refuses. */
class Target {
  readonly aggregator: EngineAggregator
  /** Refusals it told of, by reason. */
  readonly told = new Map<string, number>()
  readonly #digest: string

  constructor() {
    this.aggregator = new EngineAggregator({
      now: () => 5_000,
      monotonicNow: () => 5_000,
      payloadBytesMax: PAYLOAD_BYTES_MAX,
      onRejected: ({ reason = 'none' }) => this.told.set(reason, (this.told.get(reason) ?? 0) + 1),
    })
    const reports = [seriesWithRows(KNOWN_ROWS), seriesWithRows(2, 'save_put', 'error')]
    assert.ok(this.aggregator.ingest(reportBytes({ engine, series: reports })).accepted)
    assert.ok(this.aggregator.ingest(ROWS, { engine }).accepted)
    this.#digest = this.digest()
  }

  get refused(): number {
    return [...this.told.values()].reduce((sum, count) => sum + count, 0)
  }

  /** Everything that stats hold: each count, each sum, each bin. */
  digest(): string {
    let text = this.aggregator.engines.join()
    for (const { operation, status, stats } of this.aggregator.stats().series()) {
      const { rows, durationSum, bins } = stats
      const { numKeys, numBytes, numFailedKeys } = stats.counts
      let weighed = 0
      for (let bin = 0; bin < bins.length; bin++) weighed += bins[bin] * (bin + 1)
      text +=
        `;${operation} ${status} ${rows} ${numKeys} ${numBytes} ${numFailedKeys} ` +
        `${durationSum} ${weighed}`
    }
    return text
  }

  assertUnchanged(payload: Uint8Array): void {
    if (this.digest() === this.#digest) return
    assert.equal(this.digest(), this.#digest, `after ${Buffer.from(payload).toString('hex')}`)
  }

  /** The whole exposition but for the counts of refusals, which must be those it told of. */
  async exposition(): Promise<string> {
    const text = await this.aggregator.registry.metrics()
    for (const reason of REJECTION_REASONS) {
      const line = `moonmeter_payloads_rejected_total{reason="${reason}"} ${this.told.get(reason) ?? 0}`
      assert.ok(text.includes(`${line}\n`), line)
    }
    return text.replace(/^moonmeter_payloads_rejected_total.*$/gm, '')
  }
}

/** Figures of payloads that were handed in. */
interface Tally {
  readonly byReason: Map<string, number>
  accepted: number
}

/** Hands payloads in, each of which changes nothing or is accepted. */
async function attack(payloads: Iterable<Uint8Array>): Promise<Tally> {
  const tally: Tally = { byReason: new Map(), accepted: 0 }
  let target = new Target()
  const pristine = await target.exposition()
  let at = 0
  for (const payload of payloads) {
    const before = target.refused
    const result = target.aggregator.ingest(payload, { engine })
    if (result.accepted) {
      tally.accepted++
      assert.equal(target.refused, before)
      await assertSound(target.aggregator, payload, tally.accepted % SOUND_TEXT_EVERY === 0)
      await target.aggregator.close()
      target = new Target()
    } else {
      const { reason = 'none' } = result.error
      assert.ok(REJECTION_REASONS.includes(reason as never), reason)
      assert.equal(target.refused, before + 1)
      tally.byReason.set(reason, (tally.byReason.get(reason) ?? 0) + 1)
      target.assertUnchanged(payload)
    }
    if (++at % EXPOSITION_EVERY === 0) assert.equal(await target.exposition(), pristine)
  }
  assert.equal(await target.exposition(), pristine)
  await target.aggregator.close()
  return tally
}

/** What was accepted took nothing away, and is shown as numbers that a Prometheus can take. */
async function assertSound(
  aggregator: EngineAggregator,
  payload: Uint8Array,
  inText: boolean,
): Promise<void> {
  const hex = () => Buffer.from(payload).toString('hex')
  const stats = aggregator.stats()
  assert.ok(stats.rows >= KNOWN_ROWS + 3, `${stats.rows} rows after ${hex()}`)
  for (const value of Object.values(stats.reduce())) {
    // The average of durations near the largest float64 is infinite in milliseconds, as in Python.
    assert.ok(value >= 0, `${value} after ${hex()}`)
  }
  if (!inText) return
  const text = await aggregator.registry.metrics()
  assert.equal(parseExposition(text).filter(({ value }) => !(value >= 0)).length, 0, hex())
  assert.doesNotMatch(text, /(NaN|Inf)$/m, hex())
}

function* mutated(random: Random, count: number): Generator<Uint8Array> {
  const mutations = Object.values(MUTATIONS)
  for (let index = 0; index < count; index++) yield mutations[index % mutations.length](random)
}

function* meaningless(random: Random, count: number): Generator<Uint8Array> {
  for (let index = 0; index < count; index++) yield randomPayload(random)
}

function describe({ byReason, accepted }: Tally): string {
  const reasons = REJECTION_REASONS.map((reason) => `${reason} ${byReason.get(reason) ?? 0}`)
  return `accepted ${accepted}, refused as ${reasons.join(', ')}`
}

for (const [what, payloads] of [
  ['mutated from valid ones', mutated],
  ['of random bytes', meaningless],
] as const) {
  test(
    `of ${PAYLOADS} payloads ${what} none throws, and a refused one changes nothing`,
    TIMEOUT,
    async () => {
      await attack(payloads(new Random(1, 0), WARM_UP_PAYLOADS))
      const before = await memoryInUse()
      const tally = await attack(payloads(new Random(3, 0), PAYLOADS))
      const after = await memoryInUse()
      console.log(
        `${PAYLOADS} payloads ${what}: ${describe(tally)}; heap ${mib(before.heap)} before, ` +
          `${mib(after.heap)} after`,
      )
      const refused = [...tally.byReason.values()].reduce((sum, count) => sum + count, 0)
      assert.equal(refused + tally.accepted, PAYLOADS)
      assert.ok(after.heap - before.heap < HEAP_GROWTH_MAX)
    },
  )
}

test('every kind of mutation is refused, most for more than one reason, and every reason comes up', async () => {
  const random = new Random(5, 0)
  const lines: string[] = []
  const reasons = new Set<string>()
  for (const [name, mutation] of Object.entries(MUTATIONS)) {
    const own = new Set<string>()
    for (let index = 0; index < 500; index++) {
      const { aggregator } = new Target()
      const result = aggregator.ingest(mutation(random), { engine })
      await aggregator.close()
      if (!result.accepted) own.add(result.error.reason ?? 'none')
    }
    lines.push(`${name} (${[...own].sort().join(' ')})`)
    assert.ok(own.size > 0, name)
    for (const reason of own) reasons.add(reason)
  }
  console.log(`kinds of mutation and why they were refused: ${lines.join(', ')}`)
  // Those depend on what the aggregator knows of the engine, not on the payload.
  const ofState = ['local', 'incarnation', 'journal', 'flood']
  const expected = REJECTION_REASONS.filter((reason) => !ofState.includes(reason))
  assert.deepEqual([...reasons].sort(), expected.sort())
})

test(
  `${PORT_PAYLOADS} hostile messages by a port are all read, and each rejection is counted once`,
  TIMEOUT,
  async () => {
    let refused = 0
    const aggregator = new EngineAggregator({ onRejected: () => refused++ })
    const link = aggregator.connect(engine)
    const random = new Random(7, 0)
    const strange: unknown[] = ['text', 5, null, undefined, 1n, {}, [], new Map(), new Date(0)]
    strange.push(new ArrayBuffer(8), new SharedArrayBuffer(8), new Float64Array(3), new Error('x'))
    strange.push(new Uint8Array(new SharedArrayBuffer(8)), new DataView(new ArrayBuffer(3)))
    let sent = 0
    for (const payload of mutated(random, PORT_PAYLOADS)) {
      link.port.postMessage(random.below(10) === 0 ? pick(random, strange) : payload)
      if (++sent % EXPOSITION_EVERY === 0) await turn()
    }
    const words = new Int32Array(link.journal)
    await waitUntil('all messages', () => words[HEADER.acknowledged] === PORT_PAYLOADS)
    const samples = parseExposition(await aggregator.registry.metrics())
    const reports = samples.find(({ name }) => name === 'moonmeter_engine_reports_total')?.value
    const counted = samples
      .filter(({ name }) => name === 'moonmeter_payloads_rejected_total')
      .reduce((sum, { value }) => sum + value, 0)
    console.log(`${PORT_PAYLOADS} messages by a port: ${refused} rejected, ${reports} new reports`)
    assert.equal(counted, refused)
    // Its journal has no rows, so that no report of rows can be true.
    assert.ok(refused > 0 && reports !== undefined)
    // It can still be used as if nothing had been, and the journal has the last word.
    const recorder = createRecorder(link)
    recorder.record('load_get', 0.5, 1)
    recorder.close()
    await aggregator.close()
    assert.equal(aggregator.stats(engine).rows, 1)
  },
)
