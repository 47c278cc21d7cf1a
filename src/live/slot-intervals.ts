// Not the global one, which the fake timers of test runners replace.
import { setImmediate } from 'node:timers'
import type { Snapshot } from '../snapshot/snapshot.js'
import { runYielding } from '../run-yielding.js'
import type { BinLayout } from '../stats/bin-layout.js'
import { intervalBetween } from './interval-between.js'
import { RECENT_MS, SLOT_MS, slotOf } from './live-history.js'
import { type LiveInterval, SeriesReader } from './live-interval.js'
import { mergeIntervals } from './merge-intervals.js'

/** Maximum number of slots that wait for the history; the oldest are dropped. */
const SLOTS_MAX = 2 * (RECENT_MS / SLOT_MS)

/**
 * The intervals of whole slots, each computed from the snapshots at its start and its end: merging
 * the intervals of single seconds takes several times as long.
 */
export class SlotIntervals {
  readonly #layout: BinLayout
  #slot: number | undefined
  #begin: Snapshot | undefined
  /** The intervals by slot, until the history reads them. `clear` replaces the map. */
  #ready = new Map<number, LiveInterval>()

  constructor(layout: BinLayout) {
    this.#layout = layout
  }

  /**
   * Store the snapshot at which an interval begins. The first interval of a slot ends the slot
   * before.
   */
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
    // Deferred to another turn of the event loop, since the update takes time in this one.
    setImmediate(() => void runYielding(intervalBetween(begin, snapshot)).then(keep))
  }

  /** Remove all slots. */
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
      // After a failed update, the interval of the slot has another start.
      ready.fromMs === first?.fromMs &&
      ready.toMs === last?.toMs &&
      // The snapshots lack the rows of an engine that was dropped in between.
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
