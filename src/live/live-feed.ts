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
/** Updates that are kept for readers that are late or come back; a reader that missed more starts anew. */
const UPDATES_MAX = 60
/**
 * Milliseconds by which the clock may differ, over one interval, from the time that passed. Beyond it
 * the clock was set, and the times of the intervals so far are not those of the next.
 */
const CLOCK_STEP_MS = 2_000

/** The most of its time that an update may take of the thread; where it takes more, it comes later. */
const WORK_SHARE_MAX = 0.05
/** Milliseconds between two updates in any case, so that readers do not take the server for silent. */
const UPDATE_MS_MAX = 5_000

/** One update of a feed. */
export interface LiveUpdate {
  /** From 1, one more for each. */
  readonly sequence: number
  /** Undefined in the first update, which has no earlier snapshot. */
  readonly interval: LiveInterval | undefined
  readonly state: LiveState
}

/** Options of a feed; each has a default. */
export interface FeedOptions {
  /** Milliseconds between two updates; default 1,000. */
  readonly updateMs?: number | undefined
  /** Bytes of the intervals that are kept; default 64 MiB. */
  readonly historyBytesMax?: number | undefined
  /** Called with what made an update fail; the next one covers its interval, too. */
  readonly onError?: ((error: unknown) => void) | undefined
}

/**
 * Takes a snapshot each second, keeps what was counted in between, and tells its listeners. Any
 * number of readers share one feed.
 */
export class LiveFeed {
  readonly source: LiveSource
  readonly updateMs: number
  readonly history: LiveHistory
  /** Tells this feed from those of other processes, and of this one before a restart. */
  readonly id: string = crypto.randomUUID()
  readonly #slots: SlotIntervals
  readonly #onError: (error: unknown) => void
  readonly #listeners = new Set<() => void>()
  /** Ascending by sequence, without gaps. */
  readonly #updates: LiveUpdate[] = []
  /** Ends with the last update that was begun: the event loop turns within one. */
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

  /** Whether no further update comes. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** The updates after one; undefined when some of them are no longer kept, or it never was. */
  updatesAfter(sequence: number): readonly LiveUpdate[] | undefined {
    const first = this.#updates[0]?.sequence ?? 1
    if (sequence < first - 1 || sequence > this.#sequence) return undefined
    return this.#updates.slice(sequence - first + 1)
  }

  /**
   * Call a listener after each further update, and when the feed is closed.
   *
   * @returns what ends that
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

  /** Take a snapshot now, beside those of the timer. */
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

  /** Drop all updates and skip a sequence number, by which streams notice that they start anew. */
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
    // A page alone must not keep a process alive.
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

  /** Milliseconds until the next update, after one that took so many. */
  #pauseMs(tookMs: number): number {
    const periodMs = Math.min(tookMs / WORK_SHARE_MAX, UPDATE_MS_MAX)
    return Math.max(this.updateMs, periodMs) - Math.min(tookMs, this.updateMs)
  }
}

/**
 * What is between two snapshots: an interval; none, where they are of one moment of the clock or in
 * the wrong order; or that the clock was set.
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
