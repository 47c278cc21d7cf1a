import type { Snapshot } from '../snapshot/snapshot.js'
import type { BinLayout } from '../stats/bin-layout.js'
import { intervalBetween } from './interval-between.js'
import { RECENT_MS, SLOT_MS, slotOf } from './live-history.js'
import type { LiveInterval } from './live-interval.js'
import { mergeIntervals } from './merge-intervals.js'

/** Slots that are kept until the history takes them; those that it never takes are dropped. */
const SLOTS_MAX = 2 * (RECENT_MS / SLOT_MS)

/**
 * The intervals of whole slots, each made from the snapshots at its begin and its end: adding up the
 * intervals of a second takes several times as long, and a server has little time.
 */
export class SlotIntervals {
  readonly #layout: BinLayout
  /** By slot, until the history takes them. */
  readonly #ready = new Map<number, LiveInterval>()
  #slot: number | undefined
  #begin: Snapshot | undefined

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
    // In a turn of its own, since an update takes as long already.
    setImmediate(() => {
      this.#ready.set(ended, intervalBetween(begin, snapshot))
      for (const old of this.#ready.keys()) if (old < slot - SLOTS_MAX) this.#ready.delete(old)
    })
  }

  /** The intervals of one slot as one. */
  merge(intervals: readonly LiveInterval[]): LiveInterval {
    const [first] = intervals
    const last = intervals.at(-1)
    const slot = first && slotOf(first)
    const ready = slot === undefined ? undefined : this.#ready.get(slot)
    if (slot !== undefined) this.#ready.delete(slot)
    // An update that failed, or a clock that was set back, makes other intervals of a slot.
    const isSame = ready?.fromMs === first?.fromMs && ready?.toMs === last?.toMs
    return ready !== undefined && isSame ? ready : mergeIntervals(this.#layout, intervals)
  }
}
