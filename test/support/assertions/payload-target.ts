import assert from 'node:assert/strict'
import { REJECTION_REASONS } from '../../../src/errors.js'
import { EngineAggregator } from '../../../src/index.js'
import { pack } from '../../../src/wire/msgpack.js'
import { HOSTILE_ENGINE, KNOWN_ROWS, PAYLOAD_BYTES_MAX } from '../generators/mutations.js'
import { reportBytes, seriesWithRows } from '../generators/reports.js'
import { parseExposition } from './exposition.js'

const engine = HOSTILE_ENGINE
const ROWS = pack({ load_get: [{ duration_seconds: 0.5, num_keys: 1 }] })

/**
 * An aggregator with an incarnation and rows, and the checks of its state after rejected payloads.
 */
export class Target {
  readonly aggregator: EngineAggregator
  /** Calls of `onRejected`, by reason. */
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

  /** The content of stats as text: each count, each sum, each bin. */
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

  /**
   * The exposition without the counts of rejections, which must equal the calls of `onRejected`.
   */
  async exposition(): Promise<string> {
    const text = await this.aggregator.registry.metrics()
    for (const reason of REJECTION_REASONS) {
      const line = `moonmeter_payloads_rejected_total{reason="${reason}"} ${this.told.get(reason) ?? 0}`
      assert.ok(text.includes(`${line}\n`), line)
    }
    return text.replace(/^moonmeter_payloads_rejected_total.*$/gm, '')
  }

  /**
   * Check that an accepted payload lowered no count, and that the exposition has valid numbers
   * only.
   */
  async assertSound(payload: Uint8Array, inText: boolean): Promise<void> {
    const hex = () => Buffer.from(payload).toString('hex')
    const stats = this.aggregator.stats()
    assert.ok(stats.rows >= KNOWN_ROWS + 3, `${stats.rows} rows after ${hex()}`)
    for (const value of Object.values(stats.reduce())) {
      // The average of durations near the largest float64 is infinite in milliseconds, as in Python.
      assert.ok(value >= 0, `${value} after ${hex()}`)
    }
    if (!inText) return
    const text = await this.aggregator.registry.metrics()
    assert.equal(parseExposition(text).filter(({ value }) => !(value >= 0)).length, 0, hex())
    assert.doesNotMatch(text, /(NaN|Inf)$/m, hex())
  }
}
