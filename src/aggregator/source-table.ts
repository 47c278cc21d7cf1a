import { MoonmeterError } from '../errors.js'
import type { ColumnLayout } from '../snapshot/column-layout.js'
import type { SeriesLimits } from '../snapshot/series-names.js'
import type { RecentDurations } from './recent-durations.js'
import { OTHER_KEY, Source } from './source.js'

export interface SourceSettings {
  readonly layout: ColumnLayout
  /** Of the operations and statuses of each source. */
  readonly limits: SeriesLimits
  /** Sources told apart. */
  readonly enginesMax: number
}

/** The sources by instance and engine, as many as the limit allows, and one for all others. */
export class SourceTable {
  readonly #settings: SourceSettings
  readonly #recent: RecentDurations
  readonly #sources = new Map<string | undefined, Map<number, Source>>()
  #size = 0
  readonly #other: Source
  /** The sources in order, until one comes or goes. */
  #sorted: readonly Source[] | undefined
  /** Newest incarnations of sources that were dropped, as many as there may be sources. */
  readonly #forgotten = new Map<string, number>()

  constructor(settings: SourceSettings, recent: RecentDurations) {
    this.#settings = settings
    this.#recent = recent
    this.#other = new Source(OTHER_KEY, settings.layout, settings.limits, recent)
  }

  get size(): number {
    return this.#size
  }

  /** The source that rows of all engines past the limit count for. */
  get other(): Source {
    return this.#other
  }

  /** The engine indices known, ascending, each once. */
  get engines(): number[] {
    const indices = [...this.#sources.values()].flatMap((engines) => [...engines.keys()])
    return [...new Set(indices)].sort((left, right) => left - right)
  }

  /** All sources by instance and index, and last the one for all others where it was used. */
  list(): readonly Source[] {
    this.#sorted ??= [...this.#sources.values()]
      .flatMap((engines) => [...engines.values()])
      .sort((left, right) => compare(left, right))
    return this.#other.isUsed ? [...this.#sorted, this.#other] : this.#sorted
  }

  find(engine: number, instance: string | undefined): Source | undefined {
    return this.#sources.get(instance)?.get(engine)
  }

  /** The source of an engine, added where it is new; undefined for a new one past the limit. */
  add(engine: number, instance: string | undefined): Source | undefined {
    const known = this.find(engine, instance)
    const { layout, limits, enginesMax } = this.#settings
    if (known !== undefined || this.#size >= enginesMax) return known
    const forgotten = this.#forgotten.get(textOf(engine, instance))
    const key = Object.freeze({ instance, engine })
    const source = new Source(key, layout, limits, this.#recent, forgotten)
    const engines = this.#sources.get(instance) ?? new Map<number, Source>()
    this.#sources.set(instance, engines.set(engine, source))
    this.#size++
    this.#sorted = undefined
    return source
  }

  /**
   * The source of an engine, added where it is new.
   *
   * @throws MoonmeterError `INVALID_ENGINE` for a new one past the limit
   */
  ensure(engine: number): Source {
    const source = this.add(engine, undefined)
    if (source !== undefined) return source
    throw new MoonmeterError(
      'INVALID_ENGINE',
      `engine ${engine}: expected at most ${this.#settings.enginesMax} engines; raise enginesMax`,
    )
  }

  /** Drop a source, but for the number of its newest incarnation: reports of it may still come. */
  delete(engine: number, instance: string | undefined): void {
    const source = this.find(engine, instance)
    if (source === undefined) return
    const engines = this.#sources.get(instance)
    engines?.delete(engine)
    if (engines?.size === 0) this.#sources.delete(instance)
    this.#size--
    this.#sorted = undefined
    const key = textOf(engine, instance)
    this.#forgotten.delete(key)
    this.#forgotten.set(key, source.newest)
    if (this.#forgotten.size <= this.#settings.enginesMax) return
    const [oldest] = this.#forgotten.keys()
    if (oldest !== undefined) this.#forgotten.delete(oldest)
  }
}

function textOf(engine: number, instance: string | undefined): string {
  return JSON.stringify([engine, instance])
}

/** Sources without an instance come first. */
function compare({ key: left }: Source, { key: right }: Source): number {
  if (left.instance === right.instance) return Number(left.engine) - Number(right.engine)
  return (left.instance ?? '') < (right.instance ?? '') ? -1 : 1
}
