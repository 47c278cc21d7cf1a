import { callSafely } from '../call-safely.js'
import { runYielding } from '../run-yielding.js'
import type { Snapshot } from '../snapshot/snapshot.js'
import { BinLayout } from '../stats/bin-layout.js'
import { engineStates } from './engine-states.js'
import { intervalBetween } from './interval-between.js'
import { LiveHistory } from './live-history.js'
import type { LiveInterval } from './live-interval.js'
import type { LiveState } from './live-message.js'
import type { LiveSource } from './live-source.js'
import { SlotIntervals } from './slot-intervals.js'

/** Milliseconds between two updates. */
const UPDATE_MS = 1_000
/**
 * Number of updates kept for slow or reconnecting readers. A reader that missed more starts over.
 */
const UPDATES_MAX = 60
/**
 * Maximum difference, over one interval, between the wall clock and the elapsed time. A larger
 * difference means that the clock was set, so the times of earlier intervals do not match those of
 * later ones.
 */
const CLOCK_STEP_MS = 2_000

/** Maximum share of the thread's time that updates take; slow updates are made less often. */
const WORK_SHARE_MAX = 0.05
/**
 * Maximum milliseconds between two updates, so that readers do not consider the connection lost.
 */
const UPDATE_MS_MAX = 5_000

/** One update of a feed. */
export interface LiveUpdate {
  /** The number of the update, ascending from 1. */
  readonly sequence: number
  /** Undefined in the first update, which has no earlier snapshot. */
  readonly interval: LiveInterval | undefined
  readonly state: LiveState
}

/** Options of a feed; each has a default. */
export interface FeedOptions {
  /** Milliseconds between two updates; default 1,000. */
  readonly updateMs?: number | undefined
  /** Maximum bytes of the intervals that are kept; default 64 MiB. */
  readonly historyBytesMax?: number | undefined
  /** Called with the error of an update that failed. The next update covers its interval, too. */
  readonly onError?: ((error: unknown) => void) | undefined
}

/**
 * Takes a snapshot each second, keeps the intervals between snapshots, and calls its listeners. All
 * readers share one feed.
 */
export class LiveFeed {
  readonly source: LiveSource
  readonly updateMs: number
  readonly history: LiveHistory
  /** Distinguishes this feed from those of other processes and of earlier runs of this process. */
  readonly id: string = crypto.randomUUID()
  readonly #slots: SlotIntervals
  readonly #onError: (error: unknown) => void
  readonly #listeners = new Set<() => void>()
  /** Ascending by sequence, without gaps. */
  readonly #updates: LiveUpdate[] = []
  /**
   * Resolves with the last update that was started. An update spans several turns of the event
   * loop.
   */
  #updating: Promise<void> = Promise.resolve()
  #sequence = 0
  #earlier: Snapshot | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(source: LiveSource, options: FeedOptions = {}) {
    const { updateMs = UPDATE_MS, historyBytesMax, onError = () => {} } = options
    this.source = source
    this.updateMs = updateMs
    const slots = new SlotIntervals(BinLayout.of(source.bounds))
    this.#slots = slots
    this.history = new LiveHistory({
      bytesMax: historyBytesMax,
      merge: (intervals) => slots.merge(intervals),
    })
    this.#onError = (error) => callSafely('onError', () => onError(error))
    this.#wait(0)
  }

  /** The last update; undefined before the first. */
  get latest(): LiveUpdate | undefined {
    return this.#updates.at(-1)
  }

  /** Whether there are no further updates. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /**
   * The updates after a sequence number; undefined if some of them are no longer kept, or the
   * number was never used.
   */
  updatesAfter(sequence: number): readonly LiveUpdate[] | undefined {
    const first = this.#updates[0]?.sequence ?? 1
    if (sequence < first - 1 || sequence > this.#sequence) return undefined
    return this.#updates.slice(sequence - first + 1)
  }

  /**
   * Call a listener after each further update, and when the feed is closed.
   *
   * @returns a function that removes the listener
   */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Take no further snapshots. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#timer)
    for (const listener of this.#listeners) listener()
  }

  /** Take a snapshot now, in addition to those of the timer. */
  update(): Promise<void> {
    const update = this.#updating.then(() => this.#update())
    this.#updating = update.catch(() => {})
    return update
  }

  async #update(): Promise<void> {
    const snapshot = await this.source.snapshot()
    const earlier = this.#earlier
    const step = earlier === undefined ? undefined : stepBetween(earlier, snapshot)
    if (step === 'none') return
    this.#earlier = snapshot
    if (step === 'clock-set') this.#startAnew()
    let interval: LiveInterval | undefined
    if (earlier !== undefined && step === 'interval') {
      interval = await runYielding(intervalBetween(earlier, snapshot))
      this.#slots.begin(interval, earlier)
      this.history.add(interval)
    }
    this.#updates.push({ sequence: ++this.#sequence, interval, state: stateOf(snapshot) })
    this.#dropUpdates()
    for (const listener of this.#listeners) listener()
  }

  /** Drop all updates and skip a sequence number, so that streams detect the gap and start over. */
  #startAnew(): void {
    this.history.clear()
    this.#slots.clear()
    this.#updates.length = 0
    this.#sequence++
  }

  /** Drop updates past the limit, and those whose intervals the history has dropped. */
  #dropUpdates(): void {
    const updates = this.#updates
    const keptFromMs = this.history.intervals[0]?.fromMs ?? 0
    const isDropped = ({ interval }: LiveUpdate) =>
      interval !== undefined && interval.fromMs < keptFromMs
    updates.splice(0, Math.max(updates.findLastIndex(isDropped) + 1, updates.length - UPDATES_MAX))
  }

  #wait(ms: number): void {
    if (this.#isClosed) return
    this.#timer = setTimeout(() => void this.#tick(), ms)
    // The feed must not keep the process alive.
    this.#timer.unref()
  }

  async #tick(): Promise<void> {
    const startMs = performance.now()
    try {
      await this.update()
    } catch (error) {
      this.#onError(error)
    }
    if (this.source.isClosed) this.close()
    else this.#wait(this.#pauseMs(performance.now() - startMs))
  }

  /** Milliseconds until the next update, given the duration of the last one. */
  #pauseMs(tookMs: number): number {
    const periodMs = Math.min(tookMs / WORK_SHARE_MAX, UPDATE_MS_MAX)
    return Math.max(this.updateMs, periodMs) - Math.min(tookMs, this.updateMs)
  }
}

/**
 * The step between two snapshots: an interval; none, if their times are equal or in the wrong
 * order; or a step of the clock.
 */
function stepBetween(earlier: Snapshot, later: Snapshot): 'interval' | 'none' | 'clock-set' {
  const passedMs = later.elapsedMs - earlier.elapsedMs
  if (passedMs <= 0) return 'none'
  const shownMs = later.timestampMs - earlier.timestampMs
  if (Math.abs(shownMs - passedMs) > CLOCK_STEP_MS) return 'clock-set'
  return shownMs > 0 ? 'interval' : 'none'
}

function stateOf(snapshot: Snapshot): LiveState {
  const rejections = Object.entries(snapshot.rejections).filter(([, count]) => count > 0)
  return {
    timestampMs: snapshot.timestampMs,
    engines: engineStates(snapshot),
    rejections: Object.fromEntries(rejections),
  }
}
