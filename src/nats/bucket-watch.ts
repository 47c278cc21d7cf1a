import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { messageOf } from '../describe.js'
import { type AnyEngineAggregator, aggregationOf } from '../engine-aggregator.js'
import { MoonmeterError } from '../errors.js'
import { refuseUnknownOptions, requireNumber, TIMER_MS_MAX } from '../options.js'
import { inGroups, runYielding } from '../run-yielding.js'
import type { ScrapeTarget } from '../source-identity.js'
import { Bucket, type Entry, type EntryWatch } from './bucket.js'
import { BucketFolder } from './bucket-folder.js'
import { Fleet } from './fleet.js'
import { takeMissedChanges } from './missed-changes.js'
import { showWatchMetrics } from './nats-metrics.js'
import { NATS_OPTION_NAMES, type NatsOptions, readNatsOptions } from './nats-options.js'
import { liveTargets } from './scrape-targets.js'
import { claim, release } from './uses.js'

const KEPT_ENDED_MS = { fallback: 3_600_000, min: 1, max: Number.MAX_SAFE_INTEGER, integer: true }
/** Number of folds within `keptEndedMs`, within limits. */
const FOLDS_PER_KEPT = 10
const FOLD_MS = { min: 100, max: TIMER_MS_MAX }
/** Milliseconds after which a failed watch is restarted. */
const RETRY_MS = 500
/** Milliseconds between two checks for changes that the watch has missed. */
const CHECK_MS = 30_000
/** Entries that are read between two checks of the time and possible turns of the event loop. */
const ENTRIES_PER_STEP = 8
const ENTRIES_PER_TURN = 64

/** Options of `watchBucket`. */
export interface WatchBucketOptions extends NatsOptions {
  /**
   * Milliseconds for which the entry of an ended incarnation is kept. After that it is added to one
   * entry of its engine and removed, so that totals do not change. Default one hour.
   */
  readonly keptEndedMs?: number
}

/** The state of an aggregator's watch of a bucket. */
export interface BucketWatchHealth {
  /** Whether there is a connection to a server. */
  readonly connected: boolean
  /** Number of entries in the bucket that the watch has received. */
  readonly entries: number
  /** Number of times that the watch was restarted. */
  readonly restarts: number
  /** Number of changes that the watch missed and a check of all revisions found. */
  readonly missed: number
  /** Number of incarnations that this aggregator added to the sums of their engines. */
  readonly folded: number
  /** Number of sums that another aggregator wrote at the same time. */
  readonly foldConflicts: number
  /** Number of times that ended incarnations could not be removed; each is retried. */
  readonly foldsFailed: number
  /** The message of the last failure; undefined before the first. */
  readonly lastError: string | undefined
}

/** Applies the entries of a bucket to an aggregator. */
export interface BucketWatch {
  /** The state of the watch; a new object each time. */
  readonly health: BucketWatchHealth
  /**
   * The scrape targets of the instances that published an address and have an engine that is up,
   * sorted by name. Undefined while unknown: without a connection, and after a reconnection until
   * engines have had time to report.
   */
  readonly targets: readonly ScrapeTarget[] | undefined
  /**
   * Stop the watch and close the connection, which keeps the process alive until then. The
   * aggregator keeps its state.
   */
  close(): Promise<void>
}

/**
 * Add the engines of a fleet to an aggregator: those that `natsSink` reports, each with its
 * `instance`. Any number of aggregators may watch the same bucket, and all expose the same counts
 * of store operations. The metrics `moonmeter_nats_…` are added to the aggregator's.
 *
 * @returns after all entries in the bucket were read, so that the first scrape is complete
 * @throws MoonmeterError `INVALID_OPTION`, also for an aggregator that is published, or a registry
 * that rejects the metrics; `NATS_FAILED` when there is no connection, the credentials are refused,
 * or the bucket cannot be used or is of another version; `FILE_FAILED`
 */
export async function watchBucket(
  aggregator: AnyEngineAggregator,
  options: WatchBucketOptions,
): Promise<BucketWatch> {
  refuseUnknownOptions('watchBucket', options, [...NATS_OPTION_NAMES, 'keptEndedMs'])
  const keptEndedMs = requireNumber('watchBucket.keptEndedMs', KEPT_ENDED_MS, options.keptEndedMs)
  const settings = readNatsOptions('watchBucket', options)
  const aggregation = aggregationOf(aggregator)
  claim(aggregation, 'watching')
  try {
    const bucket = await Bucket.open(settings)
    const now = Date.now
    const fleet = new Fleet(aggregation, now)
    const { bins: layout } = aggregation.layout
    const folder = new BucketFolder(bucket, fleet, { layout, keptEndedMs, now })
    const follower = new Follower(bucket, fleet, folder, keptEndedMs, settings.timeoutMs)
    try {
      await follower.synced.catch((cause: unknown) => {
        throw new MoonmeterError(
          'NATS_FAILED',
          `bucket ${settings.bucket}: expected a watch of its entries, got ` +
            `${messageOf(cause)}; check the rights of the user`,
          { cause },
        )
      })
      showWatchMetrics(aggregator, () => follower.health)
    } catch (error) {
      await follower.close()
      throw error
    }
    return {
      get health() {
        return follower.health
      },
      get targets() {
        const isCurrent = follower.isCurrent(aggregation.silentAfterMs)
        return isCurrent ? liveTargets(aggregation, fleet.addresses) : undefined
      },
      close: async () => {
        await follower.close()
        release(aggregation)
      },
    }
  } catch (error) {
    release(aggregation)
    throw error
  }
}

/** Watches the entries of a bucket, and folds them. */
class Follower {
  readonly #bucket: Bucket
  readonly #fleet: Fleet
  readonly #folder: BucketFolder
  readonly #foldTimer: NodeJS.Timeout
  readonly #checkTimer: NodeJS.Timeout
  readonly #stallTimer: NodeJS.Timeout
  /**
   * Resolves when all entries that were in the bucket at the start were read; rejects if the first
   * watch fails.
   */
  readonly synced: Promise<void>
  #watch: EntryWatch | undefined
  #isClosed = false
  #isFolding = false
  /** The newest revision that the watch has received, and the leader's at the last check. */
  #seen = 0
  #expected = 0
  #isSynced = false
  /** The time of the last complete read of the bucket, in milliseconds of `performance.now`. */
  #syncedMs = 0
  #onSynced: () => void = () => {}
  #onFailed: (error: unknown) => void = () => {}
  readonly #timeoutMs: number
  #restarts = 0
  #missed = 0
  #foldsFailed = 0
  #lastError: string | undefined
  /** Resolves when the last watch has ended. */
  readonly #followed: Promise<void>

  constructor(
    bucket: Bucket,
    fleet: Fleet,
    folder: BucketFolder,
    keptEndedMs: number,
    timeoutMs: number,
  ) {
    this.#bucket = bucket
    this.#fleet = fleet
    this.#folder = folder
    this.#timeoutMs = timeoutMs
    this.synced = new Promise((resolve, reject) => {
      this.#onSynced = resolve
      this.#onFailed = reject
    })
    // The client resumes an interrupted watch only after some 10 s; a new watch starts immediately.
    bucket.onChange(() => this.#watch?.stop())
    this.#followed = this.#follow()
    const foldMs = Math.min(FOLD_MS.max, Math.max(FOLD_MS.min, keptEndedMs / FOLDS_PER_KEPT))
    this.#foldTimer = setInterval(() => void this.#fold(), foldMs)
    this.#foldTimer.unref()
    this.#checkTimer = setInterval(() => void this.#check(), CHECK_MS)
    this.#checkTimer.unref()
    this.#stallTimer = setInterval(() => void this.#endStalled(), timeoutMs)
    this.#stallTimer.unref()
  }

  get health(): BucketWatchHealth {
    const { folded, conflicts } = this.#folder.counts
    return {
      connected: this.#bucket.isConnected,
      entries: this.#fleet.size,
      restarts: this.#restarts,
      missed: this.#missed,
      folded,
      foldConflicts: conflicts,
      foldsFailed: this.#foldsFailed,
      lastError: this.#lastError,
    }
  }

  /**
   * Whether the known state of engines is current. After a reconnection, engines have the silence
   * time-out to report again.
   */
  isCurrent(silentAfterMs: number): boolean {
    if (!this.#isSynced || !this.#bucket.isConnected) return false
    return this.#restarts === 0 || performance.now() - this.#syncedMs > silentAfterMs
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#foldTimer)
    clearInterval(this.#checkTimer)
    clearInterval(this.#stallTimer)
    this.#watch?.stop()
    await this.#bucket.close()
    await this.#followed
  }

  async #follow(): Promise<void> {
    while (!this.#isClosed) {
      try {
        if (this.#bucket.isConnected) await this.#followOnce()
      } catch (error) {
        this.#lastError = messageOf(error)
        this.#onFailed(error)
      }
      if (this.#isClosed) break
      this.#isSynced = false
      await this.#untilConnected()
      this.#restarts++
    }
  }

  /** Waits for the connection if it is lost, and otherwise for `RETRY_MS`. */
  async #untilConnected(): Promise<void> {
    if (this.#bucket.isConnected) await sleep(RETRY_MS)
    else {
      await new Promise<void>((resolve) => {
        const stop = this.#bucket.onChange(() => {
          stop()
          resolve()
        })
        if (this.#isClosed) resolve()
      })
    }
  }

  async #followOnce(): Promise<void> {
    const newest = await this.#bucket.newest()
    const watch = await this.#bucket.watch()
    this.#watch = watch
    const first: Entry[] = []
    let taken = 0
    let seen = 0
    let isStalled = false
    // The entry of the version always exists, so a first entry must arrive. Later entries may
    // stall, too: after each MiB the server waits for the client, whose user may lack the
    // permission to answer.
    const timer = setInterval(() => {
      isStalled = taken === seen
      if (isStalled) watch.stop()
      seen = taken
    }, this.#timeoutMs)
    for await (const { isLast, ...entry } of watch) {
      taken++
      if (this.#isClosed) break
      this.#seen = entry.revision
      if (this.#isSynced) this.#fleet.take(entry)
      else first.push(entry)
      if (!this.#isSynced && isLast) {
        clearInterval(timer)
        // A server that rejoins its cluster serves old entries until it has caught up.
        if (entry.revision < newest) {
          watch.stop()
          break
        }
        await runYielding(inGroups(ENTRIES_PER_STEP, this.#fleet.takeAll(first.splice(0))))
        this.#isSynced = true
        this.#expected = 0
        this.#syncedMs = performance.now()
        this.#onSynced()
      }
      if (taken % ENTRIES_PER_TURN === 0) await turn()
    }
    clearInterval(timer)
    const isRefused = isStalled && !this.#isClosed && this.#bucket.isConnected
    if (isRefused) throw new Error(`no entry within ${this.#timeoutMs} ms`)
  }

  /**
   * Ends a watch that has not reached the leader's revision of the last check, so that a new one
   * starts. One server of a cluster serves a watch, and the watch may receive nothing more after
   * that server is killed.
   */
  async #endStalled(): Promise<void> {
    const expected = this.#expected
    try {
      this.#expected = await this.#bucket.newest()
    } catch (error) {
      this.#lastError = messageOf(error)
    }
    if (this.#isSynced && this.#seen < expected) this.#watch?.stop()
  }

  async #fold(): Promise<void> {
    // Without a watch, the known entries are old.
    if (this.#isFolding || !this.#isSynced || !this.#bucket.isConnected) return
    this.#isFolding = true
    try {
      await this.#folder.fold()
    } catch (error) {
      this.#foldsFailed++
      this.#lastError = messageOf(error)
    }
    this.#isFolding = false
  }

  async #check(): Promise<void> {
    if (!this.#isSynced || !this.#bucket.isConnected) return
    try {
      this.#missed += await takeMissedChanges(this.#bucket, this.#fleet)
    } catch (error) {
      this.#lastError = messageOf(error)
    }
  }
}
