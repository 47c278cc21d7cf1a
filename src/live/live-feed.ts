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
export const UPDATE_MS = 1_000
/** Updates that are kept for readers that are late or come back; a reader that missed more starts anew. */
const UPDATES_MAX = 60

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
    this.#onError = onError
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
  async update(): Promise<void> {
    const snapshot = await this.source.snapshot()
    const earlier = this.#earlier
    // Two snapshots of one moment have no interval; a clock may also have been set back.
    if (earlier !== undefined && snapshot.elapsedMs <= earlier.elapsedMs) return
    this.#earlier = snapshot
    const interval = earlier && intervalBetween(earlier, snapshot)
    if (earlier !== undefined && interval !== undefined) {
      this.#slots.begin(interval, earlier)
      this.history.add(interval)
    }
    this.#updates.push({ sequence: ++this.#sequence, interval, state: stateOf(snapshot) })
    if (this.#updates.length > UPDATES_MAX) this.#updates.shift()
    for (const listener of this.#listeners) listener()
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
    else this.#wait(Math.max(0, this.updateMs - (performance.now() - startMs)))
  }
}

function stateOf(snapshot: Snapshot): LiveState {
  const rejections = Object.entries(snapshot.rejections).filter(([, count]) => count > 0)
  return {
    timestampMs: snapshot.timestampMs,
    engines: engineStates(snapshot),
    rejections: Object.fromEntries(rejections),
  }
}
