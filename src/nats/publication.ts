import type { Aggregation } from '../aggregator/aggregation.js'
import { messageOf } from '../describe.js'
import { incarnationNumber } from '../recorder/incarnation-number.js'
import { inGroups, runYielding } from '../run-yielding.js'
import type { SeriesTable } from '../snapshot/series-table.js'
import { partsOf, type SourceKey, type SourceSnapshot } from '../snapshot/source-snapshot.js'
import { encodeSource } from './encode-source.js'
import type { EntryWriter, PutCounts } from './entry-writer.js'

/** Engines that are read or encoded between two checks of the time: some 2 ms of work. */
const ENGINES_PER_STEP = 16

/** Settings of a `Publication`. */
export interface PublicationSettings {
  readonly instance: string
  readonly intervalMs: number
  readonly counts: PutCounts
  readonly writerOf: (engine: number, incarnation: number) => EntryWriter
}

interface PublishedSource {
  /** A new object after the engine was dropped and added again. */
  readonly key: SourceKey
  readonly incarnation: number
  readonly writer: EntryWriter
  sequence: number
  /** The table that was offered last. */
  table: SeriesTable | undefined
  /** Restarts that were offered last. */
  restarts: number
}

/**
 * Puts the stats of an aggregator's local engines into the bucket. In the bucket, one run of the
 * process is one incarnation of each engine: the aggregator has added up the incarnations of its
 * threads, ended ones included.
 */
export class Publication {
  readonly #aggregation: Aggregation
  readonly #settings: PublicationSettings
  readonly #sources = new Map<number, PublishedSource>()
  readonly #timer: NodeJS.Timeout
  /** Resolves when the current publishing has ended. */
  #published = Promise.resolve()
  #isPublishing = false

  constructor(aggregation: Aggregation, settings: PublicationSettings) {
    this.#aggregation = aggregation
    this.#settings = settings
    this.#timer = setInterval(() => this.#publishInTime(), settings.intervalMs)
    // The timer must not keep the process alive.
    this.#timer.unref()
    this.#publishInTime()
  }

  /** Publish a last time, with all rows recorded so far. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#published
    this.#aggregation.readJournals()
    await runYielding(this.#steps(true))
  }

  #publishInTime(): void {
    if (this.#isPublishing) return
    this.#isPublishing = true
    this.#published = this.#publish().finally(() => {
      this.#isPublishing = false
    })
  }

  async #publish(): Promise<void> {
    await runYielding(inGroups(ENGINES_PER_STEP, this.#aggregation.readSilent()))
    await runYielding(this.#steps(false))
  }

  *#steps(isFinal: boolean): Generator<void> {
    const { sources } = this.#aggregation.snapshot(({ key }) => isPublished(key))
    for (const source of sources) {
      this.#offer(Number(source.engine), source, isFinal)
      yield
    }
  }

  #offer(engine: number, source: SourceSnapshot, isFinal: boolean): void {
    const { key, table } = partsOf(source)
    const published = this.#sourceOf(engine, key)
    const { writer, incarnation } = published
    const restarts = Object.values(source.health.restarts).reduce((sum, count) => sum + count, 0)
    // An engine that is not up and has no new rows is not published, so that it is not up in the
    // fleet either. One that fails soon after each start is rarely up when it is published.
    const isNew = table !== published.table || restarts !== published.restarts
    const isDue = isFinal || source.health.up || isNew
    if (!isDue || (!isFinal && !writer.isReady)) return
    const { instance, counts } = this.#settings
    try {
      const report = encodeSource(source, {
        instance,
        incarnation,
        sequence: ++published.sequence,
        timestampMs: Date.now(),
        final: isFinal,
      })
      published.table = table
      published.restarts = restarts
      writer.offer(report)
    } catch (error) {
      counts.putsFailed++
      counts.lastError = messageOf(error)
    }
  }

  /** A dropped engine counts from zero, so it begins another incarnation. */
  #sourceOf(engine: number, key: SourceKey): PublishedSource {
    const known = this.#sources.get(engine)
    if (known?.key === key) return known
    const incarnation = incarnationNumber(Date.now())
    const writer = this.#settings.writerOf(engine, incarnation)
    const source = { key, incarnation, writer, sequence: 0, table: undefined, restarts: 0 }
    this.#sources.set(engine, source)
    return source
  }
}

/**
 * Whether a source is published: only engines of this process. A source with an instance is from
 * another process, and the engine `other` has no index.
 */
export function isPublished({ instance, engine }: Partial<SourceKey>): boolean {
  return instance === undefined && typeof engine === 'number'
}
