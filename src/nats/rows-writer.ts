import { messageOf } from '../describe.js'
import { MoonmeterError } from '../errors.js'
import type { PayloadOutcome } from '../payloads/payload-receiver.js'
import {
  keyConflict,
  type KeyLimits,
  type PayloadKey,
  RecentKeys,
} from '../payloads/recent-keys.js'
import type { PackedSeries } from '../stats/packed-series.js'
import type { Aggregation } from '../aggregator/aggregation.js'
import { CONFLICT, type Entry, type EntryStore } from './bucket.js'
import { encodeKey, type EntrySource } from './entry-key.js'
import { readEntryReport } from './entry-report.js'
import { encodeRows, readRows } from './rows-entry.js'
import { addRows } from './rows-sum.js'

/** Maximum milliseconds before a put is retried: after the first attempt, and after many. */
const RETRY_MS = { first: 20, max: 1_000 }
/** Milliseconds after which the sender of a refused payload may retry. */
export const RETRY_AFTER_MS = 1_000

/** Counts of payloads and puts. The writers of a receiver share one object. */
export interface RowsCounts {
  /** Payloads whose rows were added to an entry. */
  counted: number
  /** Payloads whose key was already in an entry. */
  repeated: number
  /** Payloads that may not have been counted, which the sender may send again. */
  busy: number
  /** Puts that the server acknowledged; several payloads may share one. */
  puts: number
  /** Puts that were repeated, because another aggregator had written the entry. */
  conflicts: number
  /** Puts that failed, or were not acknowledged in time. */
  putsFailed: number
  /** The message of the last failure. */
  lastError: string | undefined
}

/** A payload that waits to be put. */
export interface WaitingRows {
  readonly key: PayloadKey
  readonly series: readonly PackedSeries[]
  readonly settle: (outcome: PayloadOutcome) => void
}

/** Settings of a `RowsWriter`. */
export interface RowsWriterSettings {
  readonly limits: KeyLimits
  readonly aggregation: Pick<Aggregation, 'layout' | 'limits' | 'payloadBytesMax'>
  /** Milliseconds for which a put is retried. */
  readonly timeoutMs: number
  readonly sleep: (ms: number) => Promise<unknown>
  readonly counts: RowsCounts
}

/**
 * Adds the rows of payloads to the entry of an engine, which other aggregators may also write.
 *
 * One put contains both the rows and the key of a payload, and the revision of the entry that it
 * was computed from. So after any failure, an entry contains either both the rows and the key of a
 * payload or neither, and a payload that is sent again counts once. If the answer of a put is lost,
 * the next attempt finds its keys in the entry.
 *
 * One put is pending at a time. Payloads that arrive meanwhile share the next one.
 */
export class RowsWriter {
  readonly #store: EntryStore
  readonly #source: EntrySource
  readonly #settings: RowsWriterSettings
  readonly #waiting: WaitingRows[] = []

  constructor(store: EntryStore, source: EntrySource, settings: RowsWriterSettings) {
    this.#store = store
    this.#source = source
    this.#settings = settings
  }

  /** Whether payloads wait for the next put. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0
  }

  /** Add a payload to the next put. */
  add(rows: WaitingRows): void {
    this.#waiting.push(rows)
  }

  /** Put the waiting payloads, and then settle each of them. */
  async write(): Promise<void> {
    const { counts, limits } = this.#settings
    // A put has at most `keysMax` payloads, since the entry must contain the keys of all of them.
    const batch = this.#waiting.splice(0, limits.keysMax)
    for (const [index, outcome] of (await this.#put(batch)).entries()) {
      if (outcome.kind !== 'conflicting') counts[outcome.kind]++
      batch[index].settle(outcome)
    }
  }

  /** Tries to put payloads until they are in the entry, or the time is over. */
  async #put(batch: readonly WaitingRows[]): Promise<readonly Settled[]> {
    const { counts, timeoutMs } = this.#settings
    const endMs = performance.now() + timeoutMs
    let cause = 'other aggregators write the rows of the engine'
    let pauseMs = RETRY_MS.first
    do {
      try {
        const outcomes = await this.#tryPut(batch)
        if (outcomes !== CONFLICT) return outcomes
        counts.conflicts++
      } catch (error) {
        cause = messageOf(error)
        counts.putsFailed++
        counts.lastError = cause
        // The entry is unusable, so a further attempt would fail, too.
        if (error instanceof MoonmeterError) break
      }
      // Random, since two aggregators with the same pause would conflict again.
      await this.#settings.sleep(Math.random() * pauseMs)
      pauseMs = Math.min(2 * pauseMs, RETRY_MS.max)
    } while (this.#store.isConnected && performance.now() < endMs)
    return batch.map(() => ({ kind: 'busy', cause, retryAfterMs: RETRY_AFTER_MS }))
  }

  /**
   * @returns the result of each payload, or `CONFLICT` if nothing was written
   * @throws MoonmeterError `NATS_FAILED` for an entry that cannot be read, or gets too large
   */
  async #tryPut(batch: readonly WaitingRows[]): Promise<readonly Settled[] | typeof CONFLICT> {
    const { aggregation, counts } = this.#settings
    const name = encodeKey({ kind: 'rows', ...this.#source })
    const entry = await this.#store.get(name)
    const { keys, report } = this.#read(name, entry)
    const compared = batch.map(({ key }) => {
      const result = keys.compare(key)
      // 0 stands for the time at which the server stores the entry.
      if (result === 'new') keys.add(key, 0)
      return result
    })
    const added = batch.filter((_, index) => compared[index] === 'new')
    if (added.length > 0) {
      const series = added.map((rows) => rows.series)
      const sum = addRows(this.#source, report, series, aggregation)
      const value = encodeRows({ keys: [...keys.entries], report: sum })
      const { payloadBytesMax } = aggregation
      if (value.length > payloadBytesMax) {
        throw unusable(name, `up to ${payloadBytesMax} bytes`, `${value.length} bytes`)
      }
      const put = await this.#store.put(name, value, entry?.revision ?? 0)
      if (put === CONFLICT) return CONFLICT
      counts.puts++
    }
    return compared.map((result) => {
      if (result === 'other') return { kind: 'conflicting', error: keyConflict() }
      return { kind: result === 'new' ? 'counted' : 'repeated' }
    })
  }

  #read(name: string, entry: Entry | undefined) {
    const { aggregation, limits } = this.#settings
    if (entry?.value === undefined) return { keys: new RecentKeys(limits), report: undefined }
    const { value, createdMs } = entry
    try {
      const { keys, report } = readRows(value, createdMs)
      const recent = new RecentKeys(limits, keys)
      // Only the server's clock is used, since the clocks of aggregators may differ.
      recent.forgetOld(createdMs)
      const key = { kind: 'rows', ...this.#source } as const
      return { keys: recent, report: readEntryReport(report, key, aggregation) }
    } catch (error) {
      throw unusable(name, 'the rows of an engine', messageOf(error), error)
    }
  }
}

function unusable(name: string, expected: string, got: string, cause?: unknown): MoonmeterError {
  const message =
    `entry ${name}: expected ${expected}, got ${got}; give all aggregators the same version and ` +
    'bounds, or remove the engine with removeSource'
  return new MoonmeterError('NATS_FAILED', message, { cause })
}

type Settled = Exclude<PayloadOutcome, { readonly kind: 'rejected' }>
