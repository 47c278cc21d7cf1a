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
/** How often entries are folded: this part of the time that they are kept, within limits. */
const FOLDS_PER_KEPT = 10
const FOLD_MS = { min: 100, max: TIMER_MS_MAX }
/** Milliseconds after which a watch that failed is begun again. */
const RETRY_MS = 500
/** Milliseconds between two looks for changes that the watch has left out. */
const CHECK_MS = 30_000
/** Entries that are taken between two looks at the clock, and before the event loop turns. */
const ENTRIES_PER_STEP = 8
const ENTRIES_PER_TURN = 64

/** Options of `watchBucket`. */
export interface WatchBucketOptions extends NatsOptions {
  /**
   * Milliseconds for which the entry of an incarnation that has ended is kept. After that it is added
   * to one entry of its engine, and removed; totals stay. Default an hour.
   */
  readonly keptEndedMs?: number
}

/** How an aggregator gets the entries of a bucket. */
export interface BucketWatchHealth {
  /** Whether there is a connection to a server at this moment. */
  readonly connected: boolean
  /** Entries in the bucket, as far as they have come. */
  readonly entries: number
  /** Watches that ended and were begun again. */
  readonly restarts: number
  /** Changes that the server left out of the watch, and that were found by a look at all revisions. */
  readonly missed: number
  /** Incarnations that this aggregator added to the sums of their engines. */
  readonly folded: number
  /** Sums that another aggregator wrote at the same time. */
  readonly foldConflicts: number
  /** Times that incarnations could not be removed; it is tried again. */
  readonly foldsFailed: number
  /** The message of the last failure; undefined before the first. */
  readonly lastError: string | undefined
}

/** Keeps an aggregator equal to a bucket. */
export interface BucketWatch {
  /** How entries come; a new object each time. */
  readonly health: BucketWatchHealth
  /**
   * Where the instances serve metrics of their own: those that published an address and of which an
   * engine is up, by their names in order. Undefined while that is not known: without a connection, and
   * until engines had the time to report again after one was lost.
   */
  readonly targets: readonly ScrapeTarget[] | undefined
  /** Stop, and end the connection. The aggregator keeps what it has. Until then, the process lives. */
  close(): Promise<void>
}

/**
 * Show the engines of a fleet in an aggregator: those that `natsSink` reports, each with its
 * `instance`. Any number of aggregators may do so, and all show the same counts of store operations.
 * The metrics `moonmeter_nats_…` are shown beside the aggregator's.
 *
 * @returns once everything that is in the bucket has been taken, so that no scrape shows less
 * @throws MoonmeterError `INVALID_OPTION`, also for an aggregator that is published, or whose registry
 * does not take the metrics; `NATS_FAILED` when there is no connection, the credentials are refused,
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
          `bucket ${settings.bucket}: expected entries that can be watched, got ` +
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

/** Follows the entries of a bucket, and folds them. */
class Follower {
  readonly #bucket: Bucket
  readonly #fleet: Fleet
  readonly #folder: BucketFolder
  readonly #foldTimer: NodeJS.Timeout
  readonly #checkTimer: NodeJS.Timeout
  readonly #stallTimer: NodeJS.Timeout
  /**
   * Resolves when everything has been taken that was in the bucket at the begin; rejected where the
   * first watch fails.
   */
  readonly synced: Promise<void>
  #watch: EntryWatch | undefined
  #isClosed = false
  #isFolding = false
  /** The newest revision that the watch has brought, and that of the leader at the last look. */
  #seen = 0
  #expected = 0
  #isSynced = false
  /** When everything in the bucket was read last, in milliseconds of `performance.now`. */
  #syncedMs = 0
  #onSynced: () => void = () => {}
  #onFailed: (error: unknown) => void = () => {}
  readonly #timeoutMs: number
  #restarts = 0
  #missed = 0
  #foldsFailed = 0
  #lastError: string | undefined
  /** Ends with the last watch. */
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
    // The client begins an interrupted watch again after some 10 s; a new one is there at once.
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
   * Whether engines that do not seem to be up are not. After a connection was lost, they get as long to
   * report again as it takes them to count as silent.
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

  /** Waits for the connection where there is none, and otherwise for some time. */
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
    // The entry of the version is always there. What follows may stall, too: the server waits after
    // each MiB for the client, whose user may not have the right to answer.
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
        // A server of a cluster that was away serves what it has, until it has caught up.
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
   * Ends a watch that has not reached what the leader had at the last look, to begin another one. A
   * watch is served by one server of a cluster, and may bring nothing more when that one is killed.
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
    // Without a watch, what is known of the bucket is old.
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
