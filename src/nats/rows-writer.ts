import { messageOf } from '../describe.js'
import { MoonmeterError } from '../errors.js'
import type { PayloadOutcome } from '../payloads/payload-receiver.js'
import { type KeyLimits, RecentKeys } from '../payloads/recent-keys.js'
import type { PackedSeries } from '../stats/packed-series.js'
import type { Aggregation } from '../aggregator/aggregation.js'
import { CONFLICT, type Entry, type EntryStore } from './bucket.js'
import { encodeKey, type EntrySource } from './entry-key.js'
import { readEntryReport } from './entry-report.js'
import { encodeRows, readRows } from './rows-entry.js'
import { addRows } from './rows-sum.js'

/** Milliseconds until a put is tried again, at most: after the first attempt, and after many. */
const RETRY_MS = { first: 20, max: 1_000 }
/** Milliseconds after which the sender of a payload that was not put may try again. */
export const RETRY_AFTER_MS = 1_000

/** What became of payloads and puts; the writers of a receiver share one. */
export interface RowsCounts {
  /** Payloads whose rows were added to an entry. */
  counted: number
  /** Payloads whose key was in an entry already. */
  repeated: number
  /** Payloads that were not known to be counted, and may be sent again. */
  busy: number
  /** Puts that the server acknowledged; several payloads may share one. */
  puts: number
  /** Puts before which another aggregator had written the entry; they are done again. */
  conflicts: number
  /** Puts that failed, or were not acknowledged in time. */
  putsFailed: number
  /** The message of the last failure. */
  lastError: string | undefined
}

/** A payload that waits to be put. */
export interface WaitingRows {
  readonly digest: string
  readonly series: readonly PackedSeries[]
  readonly settle: (outcome: PayloadOutcome) => void
}

/** What a writer needs. */
export interface RowsWriterSettings {
  readonly limits: KeyLimits
  readonly aggregation: Pick<Aggregation, 'layout' | 'limits' | 'payloadBytesMax'>
  /** Milliseconds for which a put is tried again. */
  readonly timeoutMs: number
  readonly sleep: (ms: number) => Promise<unknown>
  readonly counts: RowsCounts
}

/**
 * Adds the rows of payloads to the entry of an engine, which any number of aggregators write.
 *
 * The rows and the key of a payload are in one put, and a put names the revision of the entry that it
 * was made from. So whatever fails, and whoever ends at whatever moment: a payload is either in the
 * entry with its key, or not at all, and who sends it again finds out which. A put whose answer is lost
 * is looked for in the entry as any other payload.
 *
 * One put at a time is on its way. Payloads that come meanwhile share the next one.
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

  /** Whether payloads wait that are not on their way. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0
  }

  /** Take a payload, to be put with the next ones. */
  add(rows: WaitingRows): void {
    this.#waiting.push(rows)
  }

  /** Put what waits, and settle each payload after that. */
  async write(): Promise<void> {
    const { counts, limits } = this.#settings
    // The entry has the keys of all of them.
    const batch = this.#waiting.splice(0, limits.keysMax)
    for (const [index, outcome] of (await this.#put(batch)).entries()) {
      counts[outcome.kind]++
      batch[index].settle(outcome)
    }
  }

  /** Puts payloads until they are in the entry, or the time is over. */
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
        // The entry itself is of no use, and stays so.
        if (error instanceof MoonmeterError) break
      }
      // Two aggregators that wait for the same time would meet again.
      await this.#settings.sleep(Math.random() * pauseMs)
      pauseMs = Math.min(2 * pauseMs, RETRY_MS.max)
    } while (this.#store.isConnected && performance.now() < endMs)
    return batch.map(() => ({ kind: 'busy', cause, retryAfterMs: RETRY_AFTER_MS }))
  }

  /**
   * @returns what became of each payload, or `CONFLICT`: nothing was written then
   * @throws MoonmeterError `NATS_FAILED` for an entry that cannot be read, or gets too large
   */
  async #tryPut(batch: readonly WaitingRows[]): Promise<readonly Settled[] | typeof CONFLICT> {
    const { aggregation, counts } = this.#settings
    const name = encodeKey({ kind: 'rows', ...this.#source })
    const entry = await this.#store.get(name)
    const { keys, report } = this.#read(name, entry)
    const added = batch.filter(({ digest }) => {
      const isNew = !keys.has(digest)
      // The time is that at which the server takes the entry.
      if (isNew) keys.add(digest, 0)
      return isNew
    })
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
    const isAdded = new Set(added)
    return batch.map((rows) => ({ kind: isAdded.has(rows) ? 'counted' : 'repeated' }))
  }

  #read(name: string, entry: Entry | undefined) {
    const { aggregation, limits } = this.#settings
    if (entry?.value === undefined) return { keys: new RecentKeys(limits), report: undefined }
    const { value, createdMs } = entry
    try {
      const { keys, report } = readRows(value, createdMs)
      const recent = new RecentKeys(limits, keys)
      // By the server's clock alone: those of aggregators may differ.
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
    'bounds, or remove the engine by removeSource'
  return new MoonmeterError('NATS_FAILED', message, { cause })
}

type Settled = Extract<PayloadOutcome, { readonly kind: 'counted' | 'repeated' | 'busy' }>
