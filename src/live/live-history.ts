import type { LiveInterval } from './live-interval.js'

/** Milliseconds for which intervals are kept as they came; older ones are merged. */
export const RECENT_MS = 60_000
/**
 * Milliseconds of a slot: intervals that begin in one are merged, and charts show one point for it.
 * Slots begin at multiples of it since 1970.
 */
export const SLOT_MS = 5_000
/** Milliseconds for which intervals are kept. */
export const HISTORY_MS = 900_000
/** Bytes of an interval beside its series, roughly: of itself, and of each engine and name in it. */
const INTERVAL_BYTES = 1_024
const SOURCE_BYTES = 48
const NAME_BYTES = 128

/** Bytes of all intervals by default. */
const BYTES_MAX = 2 ** 26

/** Options of a history. */
export interface HistoryOptions {
  /**
   * Bytes of all intervals, roughly; past that, the oldest are dropped, and only the last one stays in
   * any case. Default 64 MiB.
   */
  readonly bytesMax?: number | undefined
  /** Makes one interval of those of a slot, which are older than `RECENT_MS`. */
  readonly merge: (intervals: readonly LiveInterval[]) => LiveInterval
}

/**
 * The intervals of the last 15 minutes in bounded memory: those of the last minute as they came, and
 * older ones merged to one a slot.
 */
export class LiveHistory {
  readonly #bytesMax: number
  readonly #merge: (intervals: readonly LiveInterval[]) => LiveInterval
  /** Ascending; each begins where the one before ends, unless updates were missed. */
  readonly #merged: LiveInterval[] = []
  readonly #recent: LiveInterval[] = []
  #bytes = 0

  constructor({ bytesMax = BYTES_MAX, merge }: HistoryOptions) {
    this.#bytesMax = bytesMax
    this.#merge = merge
  }

  /** All intervals, ascending; a new array. */
  get intervals(): LiveInterval[] {
    return [...this.#merged, ...this.#recent]
  }

  /** Bytes that the intervals take, roughly. */
  get bytes(): number {
    return this.#bytes
  }

  /** Forget all intervals. */
  clear(): void {
    this.#merged.length = 0
    this.#recent.length = 0
    this.#bytes = 0
  }

  /** Add an interval, which begins where the last one ends or later. */
  add(interval: LiveInterval): void {
    this.#recent.push(interval)
    this.#bytes += bytesOf(interval)
    const { toMs } = interval
    this.#mergeOlderThan(toMs - RECENT_MS)
    while (this.#merged.length > 0 && this.#merged[0].toMs <= toMs - HISTORY_MS) this.#dropOldest()
    while (this.#bytes > this.#bytesMax && this.bytes > bytesOf(interval)) this.#dropOldest()
  }

  /** Merge the slots that end before a moment. */
  #mergeOlderThan(ms: number): void {
    const recent = this.#recent
    for (;;) {
      const slot = slotOf(recent[0])
      const end = recent.findIndex((interval) => slotOf(interval) !== slot)
      if (end <= 0 || recent[end - 1].toMs > ms) return
      const parts = recent.splice(0, end)
      const [only] = parts
      // The server has merged the intervals that it sends, so a slot may have only one.
      const merged = parts.length === 1 && only !== undefined ? only : this.#merge(parts)
      this.#merged.push(merged)
      for (const part of parts) this.#bytes -= bytesOf(part)
      this.#bytes += bytesOf(merged)
    }
  }

  #dropOldest(): void {
    const oldest = this.#merged.shift() ?? this.#recent.shift()
    if (oldest !== undefined) this.#bytes -= bytesOf(oldest)
  }
}

/** The number of the slot that an interval belongs to. */
export function slotOf({ fromMs }: LiveInterval): number {
  return Math.floor(fromMs / SLOT_MS)
}

function bytesOf({ series, sources, names }: LiveInterval): number {
  const labels = SOURCE_BYTES * sources.length + NAME_BYTES * names.length
  return INTERVAL_BYTES + labels + series.length
}
