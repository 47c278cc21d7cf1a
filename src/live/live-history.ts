import type { LiveInterval } from './live-interval.js'

/** Milliseconds for which intervals are kept unmerged. */
export const RECENT_MS = 60_000
/**
 * Milliseconds of a slot. Older intervals that begin in the same slot are merged, and charts show
 * one point per slot. Slots begin at multiples of this length since 1970.
 */
export const SLOT_MS = 5_000
/** Milliseconds for which intervals are kept. */
export const HISTORY_MS = 900_000
/** Approximate bytes of an interval without its series, and of each engine and name in it. */
const INTERVAL_BYTES = 1_024
const SOURCE_BYTES = 48
const NAME_BYTES = 128
/** Approximate bytes of each count of restarts or rejections. */
const COUNT_BYTES = 64

/** Default maximum bytes of all intervals. */
const BYTES_MAX = 2 ** 26

/** Options of a history. */
export interface HistoryOptions {
  /**
   * Maximum bytes of all intervals, approximately. Past it, the oldest are dropped, except the last
   * one. Default 64 MiB.
   */
  readonly bytesMax?: number | undefined
  /** Merges the intervals of a slot older than `RECENT_MS`. */
  readonly merge: (intervals: readonly LiveInterval[]) => LiveInterval
}

/**
 * The intervals of the last 15 minutes in bounded memory: those of the last minute unmerged, and
 * older ones merged into one per slot.
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

  /** Approximate bytes of the intervals. */
  get bytes(): number {
    return this.#bytes
  }

  /** Remove all intervals. */
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

  /** Merge the slots that end before a time. */
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

function bytesOf({ series, sources, names, restarts, rejections }: LiveInterval): number {
  const labels = SOURCE_BYTES * sources.length + NAME_BYTES * names.length
  const counts = COUNT_BYTES * ((restarts?.size ?? 0) + (rejections?.size ?? 0))
  return INTERVAL_BYTES + labels + counts + series.length
}
