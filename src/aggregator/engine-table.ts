import { OTHER } from '../catalogue.js'
import { MoonmeterError } from '../errors.js'
import type { CellLayout } from '../stats/cell-layout.js'
import type { SeriesLimits } from '../stats/series-labels.js'
import type { Payload } from '../wire/payload.js'
import { rejection } from '../wire/reject.js'
import { Engine } from './engine.js'

/** Highest number of a life taken from elsewhere: the lives that connect here count on from it. */
const INCARNATION_MAX = 2 ** 48

/** The engines by index, as many as the limit allows, and one for the rows of all others. */
export class EngineTable {
  readonly #layout: CellLayout
  readonly #limits: SeriesLimits
  readonly #enginesMax: number
  readonly #engines = new Map<number, Engine>()
  readonly #other: Engine
  /** The engines ascending, until one comes or goes. */
  #sorted: readonly Engine[] | undefined
  /** Newest lives of engines that were forgotten, as many as there may be engines. */
  readonly #forgotten = new Map<number, number>()

  /** @param limits of the operations and statuses of each engine that are told apart */
  constructor(layout: CellLayout, limits: SeriesLimits, enginesMax: number) {
    this.#layout = layout
    this.#limits = limits
    this.#enginesMax = enginesMax
    this.#other = new Engine(Number.POSITIVE_INFINITY, layout, limits, 0, OTHER)
  }

  /** The indices known, ascending. */
  get indices(): number[] {
    return [...this.#engines.keys()].sort((left, right) => left - right)
  }

  /** All engines, ascending, and last the one for all others where it has rows. */
  list(): readonly Engine[] {
    this.#sorted ??= [...this.#engines.values()].sort((left, right) => left.index - right.index)
    return this.#other.reports === 0 ? this.#sorted : [...this.#sorted, this.#other]
  }

  /** An engine that is known. */
  find(index: number): Engine | undefined {
    return this.#engines.get(index)
  }

  /**
   * An engine, added where it is new.
   *
   * @throws MoonmeterError `INVALID_ENGINE` for a new one past the limit
   */
  ensure(index: number): Engine {
    const engine = this.#add(index)
    if (engine !== undefined) return engine
    throw new MoonmeterError(
      'INVALID_ENGINE',
      `engine ${index}: expected at most ${this.#enginesMax} engines; raise enginesMax`,
    )
  }

  /**
   * The engine a payload is to be counted for.
   *
   * @param index the engine it was handed in for, which a report may leave out
   * @throws MoonmeterError `INVALID_PAYLOAD`, reasons `engine` and `range`
   */
  addressee(payload: Payload, index: number | undefined): Engine {
    const named = payload.kind === 'report' ? payload.report.engine : index
    if (named === undefined) {
      throw rejection('engine', 'ingest(bytes, { engine }) for a payload that names none', index)
    }
    if (index !== undefined && named !== index) {
      throw rejection('engine', `a report of engine ${index}`, named)
    }
    const incarnation = payload.kind === 'report' ? payload.report.incarnation : 0
    if (incarnation > INCARNATION_MAX) {
      throw rejection('range', `an incarnation up to ${INCARNATION_MAX}`, incarnation)
    }
    const engine = this.#add(named)
    if (engine !== undefined) return engine
    // Rows add up whosever they are; a report is everything so far of one engine, to be kept apart.
    if (payload.kind === 'rows') return this.#other
    throw rejection('engine', `at most ${this.#enginesMax} engines (enginesMax)`, named)
  }

  /** Forget an engine, but for the number of its newest life: reports of it may still come. */
  delete(index: number): void {
    const engine = this.#engines.get(index)
    if (engine === undefined) return
    this.#engines.delete(index)
    this.#sorted = undefined
    this.#forgotten.delete(index)
    this.#forgotten.set(index, engine.newestIncarnation)
    if (this.#forgotten.size <= this.#enginesMax) return
    const [oldest] = this.#forgotten.keys()
    if (oldest !== undefined) this.#forgotten.delete(oldest)
  }

  #add(index: number): Engine | undefined {
    const known = this.#engines.get(index)
    if (known !== undefined || this.#engines.size >= this.#enginesMax) return known
    const engine = new Engine(index, this.#layout, this.#limits, this.#forgotten.get(index))
    this.#engines.set(index, engine)
    this.#sorted = undefined
    return engine
  }
}
