import { MoonmeterError } from '../errors.js'
import type { ColumnLayout } from '../snapshot/column-layout.js'
import type { SeriesLimits } from '../snapshot/series-names.js'
import { seriesWithoutRows } from '../stats/known-operations.js'
import type { PackedSeries } from '../stats/packed-series.js'
import type { RecentDurations } from './recent-durations.js'
import { OTHER_KEY, Source, type SourceBudgets } from './source.js'

/** Maximum number of exemplars of all sources, which take some 40 MB. */
const EXEMPLARS_TOTAL_MAX = 2 ** 18

export interface SourceSettings {
  readonly layout: ColumnLayout
  /** Limits on the operations and statuses of each source. */
  readonly limits: SeriesLimits
  /** Operations whose series each source has from the start. */
  readonly operations: readonly string[]
  /** Maximum number of sources. */
  readonly enginesMax: number
  /** Series of all sources together; rows of further ones count under `other` of their source. */
  readonly seriesTotalMax: number
}

/**
 * The sources by instance and engine, up to a limit, and the source `other` for all further
 * engines.
 */
export class SourceTable {
  /** Rows of all engines past the limit count for this source. */
  readonly other: Source
  readonly #settings: SourceSettings
  readonly #recent: RecentDurations
  readonly #budgets: SourceBudgets
  readonly #known: readonly PackedSeries[]
  readonly #sources = new Map<string, Source>()
  /** The sources in order; undefined after one was added or dropped. */
  #sorted: readonly Source[] | undefined
  /** The newest incarnation numbers of dropped sources, at most `enginesMax` of them. */
  readonly #forgotten = new Map<string, number>()

  /** @param nowMs the current time, in milliseconds since 1970, as in other methods */
  constructor(settings: SourceSettings, recent: RecentDurations, nowMs: number) {
    const { layout, limits } = settings
    this.#settings = settings
    this.#known = seriesWithoutRows(settings.operations)
    this.#recent = recent
    this.#budgets = {
      series: { left: settings.seriesTotalMax },
      exemplars: { left: EXEMPLARS_TOTAL_MAX },
    }
    this.other = new Source(OTHER_KEY, nowMs, layout, limits, this.#budgets, recent)
  }

  get size(): number {
    return this.#sources.size
  }

  /** The engine indices known, ascending, each once. */
  get engines(): number[] {
    const indices = Array.from(this.#sources.values(), ({ key }) => Number(key.engine))
    return [...new Set(indices)].sort((left, right) => left - right)
  }

  /** All sources by instance and index; the last is `other` if it was used. */
  list(): readonly Source[] {
    this.#sorted ??= [...this.#sources.values()].sort(compare)
    return this.other.isUsed ? [...this.#sorted, this.other] : this.#sorted
  }

  find(engine: number, instance: string | undefined): Source | undefined {
    return this.#sources.get(textOf(engine, instance))
  }

  /** The source of an engine, added if it is new; undefined for a new one past the limit. */
  add(engine: number, instance: string | undefined, nowMs: number): Source | undefined {
    const text = textOf(engine, instance)
    const known = this.#sources.get(text)
    const { layout, limits, enginesMax } = this.#settings
    if (known !== undefined || this.size >= enginesMax) return known
    const key = Object.freeze({ instance, engine })
    const forgotten = this.#forgotten.get(text)
    const source = new Source(key, nowMs, layout, limits, this.#budgets, this.#recent, forgotten)
    source.declare(this.#known)
    this.#sources.set(text, source)
    this.#sorted = undefined
    return source
  }

  /**
   * The source of an engine, added if it is new.
   *
   * @throws MoonmeterError `INVALID_ENGINE` for a new one past the limit
   */
  ensure(engine: number, nowMs: number): Source {
    const source = this.add(engine, undefined, nowMs)
    if (source !== undefined) return source
    throw new MoonmeterError(
      'INVALID_ENGINE',
      `engine ${engine}: expected at most ${this.#settings.enginesMax} engines; raise enginesMax`,
    )
  }

  /** Drop a source. The number of its newest incarnation is kept, to reject late reports of it. */
  delete(engine: number, instance: string | undefined): void {
    const text = textOf(engine, instance)
    const source = this.#sources.get(text)
    if (source === undefined) return
    this.#sources.delete(text)
    source.release()
    this.#sorted = undefined
    this.#forgotten.delete(text)
    this.#forgotten.set(text, source.newest)
    if (this.#forgotten.size <= this.#settings.enginesMax) return
    const [oldest] = this.#forgotten.keys()
    if (oldest !== undefined) this.#forgotten.delete(oldest)
  }
}

/** The key of a source as text. An instance is never empty, so each source has a different text. */
function textOf(engine: number, instance = ''): string {
  return `${engine} ${instance}`
}

/** Sources without an instance come first. */
function compare({ key: left }: Source, { key: right }: Source): number {
  if (left.instance === right.instance) return Number(left.engine) - Number(right.engine)
  return (left.instance ?? '') < (right.instance ?? '') ? -1 : 1
}
