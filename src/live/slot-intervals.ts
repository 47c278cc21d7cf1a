import type { Snapshot } from '../snapshot/snapshot.js'
import { runYielding } from '../run-yielding.js'
import type { BinLayout } from '../stats/bin-layout.js'
import { intervalBetween } from './interval-between.js'
import { RECENT_MS, SLOT_MS, slotOf } from './live-history.js'
import { type LiveInterval, SeriesReader } from './live-interval.js'
import { mergeIntervals } from './merge-intervals.js'

/** Slots that are kept until the history takes them; those that it never takes are dropped. */
const SLOTS_MAX = 2 * (RECENT_MS / SLOT_MS)

/**
 * The intervals of whole slots, each made from the snapshots at its begin and its end: adding up the
 * intervals of a second takes several times as long, and a server has little time.
 */
export class SlotIntervals {
  readonly #layout: BinLayout
  #slot: number | undefined
  #begin: Snapshot | undefined
  /** By slot, until the history takes them; another map once all is forgotten. */
  #ready = new Map<number, LiveInterval>()

  constructor(layout: BinLayout) {
    this.#layout = layout
  }

  /** Note that an interval begins at a snapshot; the first one of a slot ends the slot before it. */
  begin(interval: LiveInterval, snapshot: Snapshot): void {
    const slot = slotOf(interval)
    if (slot === this.#slot) return
    const [ended, begin] = [this.#slot, this.#begin]
    this.#slot = slot
    this.#begin = snapshot
    if (ended === undefined || begin === undefined) return
    const ready = this.#ready
    const keep = (whole: LiveInterval) => {
      ready.set(ended, whole)
      for (const old of ready.keys()) if (old < slot - SLOTS_MAX) ready.delete(old)
    }
    // In another turn of the event loop: the update of this turn has taken long enough.
    setImmediate(() => void runYielding(intervalBetween(begin, snapshot)).then(keep))
  }

  /** Forget all slots. */
  clear(): void {
    this.#ready = new Map()
    this.#slot = undefined
    this.#begin = undefined
  }

  /** The intervals of one slot as one. */
  merge(intervals: readonly LiveInterval[]): LiveInterval {
    const [first] = intervals
    const last = intervals.at(-1)
    const slot = first && slotOf(first)
    const ready = slot === undefined ? undefined : this.#ready.get(slot)
    if (slot !== undefined) this.#ready.delete(slot)
    const isSame =
      ready !== undefined &&
      // An update that failed makes other intervals of a slot.
      ready.fromMs === first?.fromMs &&
      ready.toMs === last?.toMs &&
      // The snapshots do not have what an engine counted that was dropped in between.
      rowsOf([ready]) === rowsOf(intervals)
    return isSame ? ready : mergeIntervals(this.#layout, intervals)
  }
}

function rowsOf(intervals: readonly LiveInterval[]): number {
  let rows = 0
  for (const interval of intervals) {
    const reader = new SeriesReader(interval)
    while (reader.next()) rows += reader.rows
  }
  return rows
}
