import { EXTRA_COUNTER_NAMES, ROW_COUNTER_NAMES } from '../catalogue.js'
import type { PackedSeries } from '../stats/packed-series.js'
import { blockThread } from './block-thread.js'
import { corruptJournal } from './corrupt-journal.js'
import { Journal } from './journal.js'
import { DUE, EXTRAS, FLOAT64_WORDS, HEADER, RECENT_ROWS, SERIES } from './journal-layout.js'
import { isDuration, readSeries, type UnfoldedRows } from './read-series.js'

/**
 * Milliseconds after which the stores of a thread are visible to all other threads. Processor
 * manuals give no bound. A store waits in the store buffer of its core for the cache line, which
 * takes some hundred nanoseconds; some hundred consecutive stores take less than a tenth of this
 * time. The buffer of a suspended thread is empty.
 */
export const STORES_VISIBLE_MS = 1
/**
 * Attempts to copy a series while its recorder runs; most fail if the recorder is at full speed.
 */
const COPY_ATTEMPTS_MAX = 64
/**
 * Rows of which a store may be visible before `rowsBegun` shows them. A store becomes visible before
 * an older one only while both wait in the store buffer, which has some hundred places, and a row
 * is five stores.
 */
const ROWS_AHEAD_MAX = 48
const RECENT_MASK = RECENT_ROWS - 1
const COUNTERS = SERIES[ROW_COUNTER_NAMES[0]]
const LOCK_BEGIN = SERIES.lock * FLOAT64_WORDS
const LOCK_END = LOCK_BEGIN + 1

/** The rows of a series after its last fold. */
interface Tail extends UnfoldedRows {
  readonly rows: number
  readonly rowsBegun: number
  readonly foldEnd: number
}

/** The result of `begin`, per series with new rows. */
export type FirstReading = ReadonlyMap<number, Tail>

/** The result of a read of a journal. */
export interface JournalReading {
  /** The series so far; a series without new rows is the same object as before. */
  readonly series: readonly PackedSeries[]
  /** Whether they contain every row that was in the journal at `begin`. */
  readonly isComplete: boolean
}

/**
 * Reads the journal of a recorder on another thread. Nothing here depends on a strong memory order:
 *
 * - What folds counted is copied under the seqlock of the series.
 * - Rows after the last fold are written by plain stores, which become visible in any order. They
 *   are read twice, `STORES_VISIBLE_MS` apart: by `begin` and by `read`. They are used if both
 *   readings are equal and no row is half written.
 * - After the end of the thread, `readEnded` reads everything.
 */
export class JournalReader {
  readonly #journal: Journal
  readonly #copy: Float64Array<ArrayBuffer>
  /** Offsets in a block of the counters that `record` writes, in order. */
  readonly #counterPlaces: readonly number[]

  /**
   * @param copy as long as a block; the block that is read is copied to it, and readers may share
   * it
   */
  constructor(journal: Journal, copy: Float64Array<ArrayBuffer>) {
    this.#journal = journal
    this.#copy = copy
    const { extrasAt } = journal.layout
    const places = ROW_COUNTER_NAMES.map((_, counter) => COUNTERS + counter)
    const extras = EXTRA_COUNTER_NAMES.map((_, counter) => extrasAt + EXTRAS.counters + counter)
    this.#counterPlaces = extrasAt === 0 ? places : [...places, ...extras]
  }

  /** Calls in flight that a series counts. */
  inFlightOf(series: number): number {
    return series < this.#journal.seriesCount ? this.#journal.inFlightOf(series) : 0
  }

  /** Whether the journal has these series, each with at least as many rows. */
  holds(all: readonly PackedSeries[]): boolean {
    if (all.length > this.#journal.seriesCount) return false
    return all.every(({ operation, status, rows }, series) => {
      const name = this.#journal.nameOf(series)
      const isNamed = name.operation === operation && name.status === status
      return isNamed && !(rows > this.#journal.rowsOf(series))
    })
  }

  /** Whether any series has more rows than its known state. */
  hasNewRows(known: readonly PackedSeries[]): boolean {
    const journal = this.#journal
    if (journal.seriesCount !== known.length) return true
    return known.some(({ rows }, series) => rows !== journal.rowsOf(series))
  }

  /**
   * Read the rows after the last fold for the first time. It also makes the recorder publish them
   * if it records another row of the series before `read`.
   *
   * @returns the argument of `read`; reads may overlap, so each has its own
   */
  begin(known: readonly PackedSeries[]): FirstReading {
    const tails = new Map<number, Tail>()
    for (let series = 0; series < this.#journal.seriesCount; series++) {
      if (known[series]?.rows === this.#journal.rowsOf(series)) continue
      tails.set(series, this.#readTail(series))
      const { floats } = this.#journal.blockOf(series)
      if (floats[SERIES.due] === DUE.nothing) floats[SERIES.due] = DUE.fold
    }
    return tails
  }

  /**
   * Read the journal, at least `STORES_VISIBLE_MS` after `begin`.
   *
   * @param known the series as read or reported before
   * @param tails the first reading, of `begin`
   * @throws MoonmeterError `INVALID_PAYLOAD`, reason `journal`, when a number cannot be right
   */
  read(known: readonly PackedSeries[], tails: FirstReading): JournalReading {
    this.#requireSeriesCount()
    const all: PackedSeries[] = []
    let isComplete = true
    for (let series = 0; series < this.#journal.seriesCount; series++) {
      const before: PackedSeries | undefined = known[series]
      const first = tails.get(series)
      if (before !== undefined && first === undefined) {
        all.push(before)
        continue
      }
      const hasFolds = this.#copyFolded(series)
      const folded = hasFolds ? this.#copy[SERIES.foldEnd] : 0
      const tail = first && hasFolds ? this.#settledTail(series, first) : undefined
      if (first !== undefined && tail === undefined && folded < first.rows) isComplete = false
      const rows = folded + (tail?.durations.length ?? 0)
      // The state from a report may be newer than the last fold that was copied.
      if (before !== undefined && !(rows > before.rows)) all.push(before)
      else if (hasFolds) all.push(this.#decode(series, tail))
      else break
    }
    return { series: all, isComplete }
  }

  /**
   * The stats of every series of a recorder whose thread has ended. A fold that the thread did not
   * finish is completed from the ring.
   *
   * @throws MoonmeterError `INVALID_PAYLOAD`, reason `journal`, when a number cannot be right
   */
  readEnded(): PackedSeries[] {
    this.#requireSeriesCount()
    const all: PackedSeries[] = []
    for (let series = 0; series < this.#journal.seriesCount; series++) {
      this.#copy.set(this.#journal.blockOf(series).floats)
      const tail = this.#readTail(series)
      requireTail(tail)
      all.push(this.#decode(series, tail))
    }
    return all
  }

  /**
   * Read the journal of a recorder that the system suspended within a fold, as `readEnded` does.
   * The sum of the durations may lack those of that fold.
   *
   * @returns undefined when the recorder runs
   * @throws MoonmeterError `INVALID_PAYLOAD`, reason `journal`, when a number cannot be right
   */
  readHeld(): PackedSeries[] | undefined {
    const { floats, layout } = this.#journal
    const held = new Journal(Journal.allocate(layout), layout)
    held.floats.set(floats)
    blockThread(STORES_VISIBLE_MS)
    // If nothing has changed since the copy, the copy is of one moment. The thread may run again
    // afterwards.
    if (!isSame(held.floats, floats)) return undefined
    return new JournalReader(held, this.#copy).readEnded()
  }

  /**
   * The durations of the rows [from, to) of a series in seconds, rows counted from 0. Undefined if
   * the ring may not hold all of them (it holds the last `recentRowsMax`), or if other code has
   * written to it.
   *
   * @param isEnded whether the thread of the recorder has ended
   */
  recentDurations(
    series: number,
    from: number,
    to: number,
    isEnded: boolean,
  ): Float64Array | undefined {
    if (!(to - from <= RECENT_ROWS)) return undefined
    const { floats, words } = this.#journal.blockOf(series)
    const durations = new Float64Array(to - from)
    for (let row = from; row < to; row++) {
      const duration = floats[placeOf(row)]
      if (!isDuration(duration)) return undefined
      durations[row - from] = duration
    }
    // The loads above are performed before this one, as in `#copyFolded`.
    Atomics.add(words, LOCK_BEGIN, 0)
    const written = floats[SERIES.rowsBegun] + (isEnded ? 0 : ROWS_AHEAD_MAX)
    return written - from <= RECENT_ROWS ? durations : undefined
  }

  #decode(series: number, tail: Tail | undefined): PackedSeries {
    const { bins, extrasAt } = this.#journal.layout
    const block = { floats: this.#copy, extrasAt }
    return readSeries(block, bins, this.#journal.nameOf(series), tail)
  }

  /**
   * Copy what the folds of a series counted.
   *
   * @returns false when a fold was running at each attempt
   */
  #copyFolded(series: number): boolean {
    const { floats, words } = this.#journal.blockOf(series)
    const folded = floats.subarray(SERIES.foldEnd)
    for (let attempt = 0; attempt < COPY_ATTEMPTS_MAX; attempt++) {
      const end = Atomics.load(words, LOCK_END)
      if (Atomics.load(words, LOCK_BEGIN) !== end) continue
      this.#copy.set(folded, SERIES.foldEnd)
      // Adding zero loads the word after the loads of the copy. A plain atomic load does not: loads
      // before it may be performed after it.
      if (Atomics.add(words, LOCK_BEGIN, 0) === end) return true
    }
    return false
  }

  /**
   * The rows after the last fold, if they equal those of the first reading and none is half
   * written.
   */
  #settledTail(series: number, first: Tail): Tail | undefined {
    const { floats } = this.#journal.blockOf(series)
    const { rows, rowsBegun, foldEnd, counters, durations } = first
    const isSettled =
      Object.is(rows, floats[SERIES.rows]) &&
      Object.is(rowsBegun, floats[SERIES.rowsBegun]) &&
      Object.is(foldEnd, floats[SERIES.foldEnd])
    if (!isSettled) return undefined
    const places = this.#counterPlaces
    for (let counter = 0; counter < counters.length; counter++) {
      if (!Object.is(counters[counter], floats[places[counter]])) return undefined
    }
    for (let row = 0; row < durations.length; row++) {
      if (!Object.is(durations[row], floats[placeOf(foldEnd + row)])) return undefined
    }
    requireTail(first)
    // The system may suspend the thread anywhere, also within a row.
    const isWhole = rows === rowsBegun
    return isWhole && foldEnd === this.#copy[SERIES.foldEnd] ? first : undefined
  }

  #readTail(series: number): Tail {
    const { floats, words } = this.#journal.blockOf(series)
    const { [SERIES.rows]: rows, [SERIES.rowsBegun]: rowsBegun, [SERIES.foldEnd]: foldEnd } = floats
    const count = rows - foldEnd
    const durations = new Float64Array(count > 0 && count <= RECENT_ROWS ? count : 0)
    for (let row = 0; row < durations.length; row++) durations[row] = floats[placeOf(foldEnd + row)]
    // A typed array takes longer to create, and a snapshot may read a thousand tails.
    const counters: number[] = []
    const places = this.#counterPlaces
    for (let counter = 0; counter < places.length; counter++) {
      counters.push(floats[places[counter]])
    }
    const isFoldOpen = words[LOCK_BEGIN] !== words[LOCK_END]
    return { rows, rowsBegun, foldEnd, counters, durations, isFoldOpen }
  }

  #requireSeriesCount(): void {
    const count = Atomics.load(this.#journal.words, HEADER.seriesCount)
    const { blockCount } = this.#journal.layout
    if (count < 0 || count > blockCount)
      throw corruptJournal(`from 0 to ${blockCount} series`, count)
  }
}

/** Number of the last rows of a series whose durations the ring always holds. */
export function recentRowsMax(isEnded: boolean): number {
  return isEnded ? RECENT_ROWS : RECENT_ROWS - ROWS_AHEAD_MAX
}

function requireTail({ rows, rowsBegun, foldEnd, durations }: Tail): void {
  const isInRing = rows - foldEnd === durations.length
  if (isInRing && (rowsBegun === rows || rowsBegun === rows + 1)) return
  throw corruptJournal(`from ${foldEnd} to ${foldEnd + RECENT_ROWS} complete rows`, rows)
}

/** Offset of the duration of a row in its block. */
function placeOf(row: number): number {
  return SERIES.recent + (row & RECENT_MASK)
}

function isSame(left: Float64Array, right: Float64Array): boolean {
  for (let index = 0; index < left.length; index++) {
    if (!Object.is(left[index], right[index])) return false
  }
  return true
}
