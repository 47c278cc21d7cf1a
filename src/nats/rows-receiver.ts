import type { Aggregation } from '../aggregator/aggregation.js'
import { MoonmeterError } from '../errors.js'
import type {
  PayloadOutcome,
  PayloadReceiver,
  PayloadSource,
} from '../payloads/payload-receiver.js'
import { readRowsPayload } from '../payloads/read-rows.js'
import { keyOf, newKey, type PayloadKey } from '../payloads/recent-keys.js'
import type { PackedSeries } from '../stats/packed-series.js'
import { rejection } from '../wire/rejection.js'
import type { EntryStore } from './bucket.js'
import { type EntrySource, sourceKey } from './entry-key.js'
import {
  RETRY_AFTER_MS,
  type RowsCounts,
  RowsWriter,
  type RowsWriterSettings,
  type WaitingRows,
} from './rows-writer.js'

/** Settings of a `RowsReceiver` and its writers. */
export interface RowsReceiverSettings extends RowsWriterSettings {
  readonly aggregation: Aggregation
  /** Maximum number of payloads that wait, and maximum bytes of all of them. */
  readonly waitingMax: number
  readonly waitingBytesMax: number
}

/** Adds payloads to the entries of a bucket. */
export class RowsReceiver implements PayloadReceiver {
  readonly #store: EntryStore
  readonly #settings: RowsReceiverSettings
  /** Per engine with waiting payloads: its writer, and a promise of the end of its work. */
  readonly #writers = new Map<
    string,
    { readonly writer: RowsWriter; readonly done: Promise<void> }
  >()
  #waiting = 0
  #waitingBytes = 0
  #isClosed = false

  constructor(store: EntryStore, settings: RowsReceiverSettings) {
    this.#store = store
    this.#settings = settings
  }

  get payloadBytesMax(): number {
    return this.#settings.aggregation.payloadBytesMax
  }

  /** Counts of payloads and puts. */
  get counts(): Readonly<RowsCounts> {
    return this.#settings.counts
  }

  /** Number of payloads that wait. */
  get waiting(): number {
    return this.#waiting
  }

  async receive(bytes: Uint8Array, source: PayloadSource): Promise<PayloadOutcome> {
    const { aggregation } = this.#settings
    try {
      const { stats, byteLength } = readRowsPayload(bytes, source, aggregation)
      const { engine, instance, key } = source
      if (instance === undefined) {
        throw rejection(
          'engine',
          'an instance, such as ?instance=NAME, which a bucket needs',
          instance,
        )
      }
      if (!aggregation.hasRoomFor(engine, instance)) {
        throw rejection('engine', 'an engine within the limit on engines (enginesMax)', engine)
      }
      const own = key === undefined ? newKey() : keyOf(key, bytes)
      const series = Array.from(stats.series(), ({ operation, status, stats: of }) =>
        of.pack({ operation, status }),
      )
      const outcome = await this.#put({ engine, instance }, own, series, byteLength)
      if (outcome.kind === 'conflicting') this.reject(outcome.error)
      return outcome
    } catch (error) {
      if (!(error instanceof MoonmeterError) || error.reason === undefined) throw error
      return this.reject(error)
    }
  }

  reject(error: MoonmeterError): PayloadOutcome {
    this.#settings.aggregation.reject(error)
    return { kind: 'rejected', error }
  }

  /** Refuse further payloads. Resolves when those that wait are settled. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(Array.from(this.#writers.values(), ({ done }) => done))
  }

  async #put(
    source: EntrySource,
    key: PayloadKey,
    series: readonly PackedSeries[],
    byteLength: number,
  ): Promise<PayloadOutcome> {
    const cause = this.#whyBusy(byteLength)
    if (cause !== undefined) {
      this.#settings.counts.busy++
      return { kind: 'busy', cause, retryAfterMs: RETRY_AFTER_MS }
    }
    this.#waiting++
    this.#waitingBytes += byteLength
    const outcome = await new Promise<PayloadOutcome>((settle) => {
      this.#add(source, { key, series, settle })
    })
    this.#waiting--
    this.#waitingBytes -= byteLength
    return outcome
  }

  #whyBusy(byteLength: number): string | undefined {
    const { waitingMax, waitingBytesMax } = this.#settings
    if (this.#isClosed) return 'this aggregator is being closed'
    if (!this.#store.isConnected) return 'there is no connection to the NATS server'
    if (this.#waiting >= waitingMax) return `${waitingMax} payloads wait`
    if (this.#waitingBytes + byteLength > waitingBytesMax) return `${waitingBytesMax} bytes wait`
    return undefined
  }

  #add(source: EntrySource, rows: WaitingRows): void {
    const name = sourceKey(source)
    const known = this.#writers.get(name)
    if (known !== undefined) {
      known.writer.add(rows)
      return
    }
    const writer = new RowsWriter(this.#store, source, this.#settings)
    writer.add(rows)
    this.#writers.set(name, { writer, done: this.#write(name, writer) })
  }

  async #write(name: string, writer: RowsWriter): Promise<void> {
    while (writer.isWaiting) await writer.write()
    // In the same turn as the last check, so that no payload is added to a writer that has ended.
    this.#writers.delete(name)
  }
}
