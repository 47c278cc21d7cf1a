import type { AnyEngineAggregator } from '../../../src/engine-aggregator.js'
import { intervalBetween } from '../../../src/live/interval-between.js'
import type { LiveFeed } from '../../../src/live/live-feed.js'
import type { LiveInterval } from '../../../src/live/live-interval.js'
import { createRecorder, type Recorder } from '../../../src/recorder/index.js'
import { runSteps } from '../generators/run-steps.js'

const KEY_BYTES = 167_772_160
const TICK_MS = 100
/** By default, one of this many calls fails: more than the share from which operations are marked. */
const FAILURES = 13

/** Options of the history that `fill` creates. */
export interface FillOptions {
  readonly seconds: number
  /** Rows per engine and second. */
  readonly rows: number
  /** Number of distinct seconds, which are repeated, since recording is slow for many engines. */
  readonly distinct?: number
}

/** Records rows of synthetic engines on this thread. */
export class Traffic {
  readonly recorders: readonly Recorder[]
  readonly #aggregator: AnyEngineAggregator
  readonly #slow: ReadonlyMap<number, number>
  readonly #failures: number
  #seed = 1
  #timer: NodeJS.Timeout | undefined

  /**
   * @param slow per engine, the factor of the durations of its calls
   * @param failures one of this many calls fails
   */
  constructor(
    aggregator: AnyEngineAggregator,
    engines: number,
    slow: ReadonlyMap<number, number> = new Map(),
    failures = FAILURES,
  ) {
    this.#aggregator = aggregator
    this.#slow = slow
    this.#failures = failures
    this.recorders = Array.from({ length: engines }, (_, engine) =>
      createRecorder(aggregator.connect(engine)),
    )
  }

  /** Record rows of each engine many times a second. */
  start(rows = 4): void {
    this.record(rows)
    this.#timer = setInterval(() => this.record(rows), TICK_MS)
  }

  /** Stop recording. */
  stop(): void {
    clearInterval(this.#timer)
  }

  /** End all engines. */
  close(): void {
    this.stop()
    for (const recorder of this.recorders) recorder.close()
  }

  /** Record some rows of each engine that has not ended. */
  record(rows: number): void {
    for (const [engine, recorder] of this.recorders.entries()) {
      if (recorder.closed) continue
      const slow = this.#slow.get(engine) ?? 1
      for (let row = 0; row < rows; row++) {
        const isLoad = this.#random() < 0.7
        const keys = 1 + Math.floor(this.#random() * 30)
        // Log-normal, roughly: most calls take some milliseconds, and few take much longer.
        const normal = this.#random() + this.#random() + this.#random() - 1.5
        const seconds = (isLoad ? 0.003 : 0.012) * slow * Math.exp(1.2 * normal)
        const isFailed = Math.floor(this.#random() * this.#failures) === 0
        recorder.record(isLoad ? 'load_get' : 'save_put', seconds, keys, {
          numBytes: isFailed ? 0 : keys * KEY_BYTES,
          status: isFailed ? 'error' : 'ok',
          numFailedKeys: isFailed ? keys : 0,
        })
        if (row % 4 === 0) recorder.record('lookup_exists', seconds / 20, keys)
      }
    }
  }

  /** Fill the history of a feed with intervals of a second each. */
  fill(feed: LiveFeed, { seconds, rows, distinct = seconds }: FillOptions): void {
    let earlier = this.#aggregator.snapshot()
    const intervals: LiveInterval[] = []
    for (let second = 0; second < distinct; second++) {
      this.record(Math.round(rows * (1 + 0.3 * Math.sin(second / 20))))
      const later = this.#aggregator.snapshot()
      intervals.push(runSteps(intervalBetween(earlier, later)))
      earlier = later
    }
    const beginMs = Date.now() - seconds * 1_000
    for (let second = 0; second < seconds; second++) {
      const interval = intervals[second % distinct]
      const [fromMs, toMs] = [beginMs + second * 1_000, beginMs + (second + 1) * 1_000]
      feed.history.add({ ...interval, fromMs, toMs })
    }
  }

  #random(): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0
    return this.#seed / 2 ** 32
  }
}
