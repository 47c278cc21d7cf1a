import type { LiveInterval } from './live-interval.js'
import { mergeIntervals } from './merge-intervals.js'

/** Milliseconds for which intervals are kept as they came; older ones are merged. */
export const RECENT_MS = 60_000
/**
 * Milliseconds of a slot: intervals that begin in one are merged, and charts show one point for it.
 * Slots begin at multiples of it since 1970.
 */
export const SLOT_MS = 5_000
/** Milliseconds for which intervals are kept. */
export const HISTORY_MS = 900_000
/** Bytes of an interval beside its series, roughly. */
const INTERVAL_BYTES = 1_024

/** Options of a history; each has a default. */
export interface HistoryOptions {
  /** Bytes of all intervals; past that, the oldest are dropped. Default 64 MiB. */
  readonly bytesMax?: number
}

const BYTES_MAX = 2 ** 26

/**
 * The intervals of the last 15 minutes in bounded memory: those of the last minute as they came, and
 * older ones merged to 5 s. Each interval that is added costs one merge at most.
 */
export class LiveHistory {
  readonly #bytesMax: number
  /** Ascending; each begins where the one before ends, unless updates were missed. */
  readonly #merged: LiveInterval[] = []
  readonly #recent: LiveInterval[] = []
  #bytes = 0

  constructor({ bytesMax = BYTES_MAX }: HistoryOptions = {}) {
    this.#bytesMax = bytesMax
  }

  /** All intervals, ascending; a new array. */
  get intervals(): LiveInterval[] {
    return [...this.#merged, ...this.#recent]
  }

  /** Bytes that the intervals take, roughly. */
  get bytes(): number {
    return this.#bytes
  }

  add(interval: LiveInterval): void {
    this.#recent.push(interval)
    this.#bytes += bytesOf(interval)
    const { toMs } = interval
    while (this.#recent.length > 1 && this.#recent[0].toMs <= toMs - RECENT_MS) this.#mergeOldest()
    while (this.#merged.length > 0 && this.#merged[0].toMs <= toMs - HISTORY_MS) this.#dropOldest()
    while (this.#bytes > this.#bytesMax && this.#merged.length > 0) this.#dropOldest()
  }

  #mergeOldest(): void {
    const oldest = this.#recent.shift() as LiveInterval
    const last = this.#merged.at(-1)
    if (last === undefined || slotOf(last) !== slotOf(oldest)) {
      this.#merged.push(oldest)
      return
    }
    const merged = mergeIntervals(last, oldest)
    this.#merged[this.#merged.length - 1] = merged
    this.#bytes += bytesOf(merged) - bytesOf(last) - bytesOf(oldest)
  }

  #dropOldest(): void {
    const oldest = this.#merged.shift() as LiveInterval
    this.#bytes -= bytesOf(oldest)
  }
}

/** The number of the slot that an interval belongs to. */
export function slotOf({ fromMs }: LiveInterval): number {
  return Math.floor(fromMs / SLOT_MS)
}

function bytesOf({ series }: LiveInterval): number {
  return series.length + INTERVAL_BYTES
}
