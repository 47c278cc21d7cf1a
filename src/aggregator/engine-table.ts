import { OTHER } from '../catalogue.js'
import { MoonmeterError } from '../errors.js'
import type { ConnectorStatsOptions } from '../stats/connector-stats.js'
import type { Payload } from '../wire/payload.js'
import { rejection } from '../wire/reject.js'
import { Engine } from './engine.js'

/** The engines by index, as many as the limit allows, and one for the rows of all others. */
export class EngineTable {
  readonly #stats: ConnectorStatsOptions
  readonly #enginesMax: number
  readonly #engines = new Map<number, Engine>()
  readonly #other: Engine

  /** @param stats options of the stats that engines add up */
  constructor(stats: ConnectorStatsOptions, enginesMax: number) {
    this.#stats = stats
    this.#enginesMax = enginesMax
    this.#other = new Engine(Number.POSITIVE_INFINITY, stats, OTHER)
  }

  /** The indices known, ascending. */
  get indices(): number[] {
    return [...this.#engines.keys()].sort((left, right) => left - right)
  }

  /** All engines, ascending, and last the one for all others where it has rows. */
  list(): Engine[] {
    const engines = this.indices.map((index) => this.#engines.get(index) as Engine)
    return this.#other.reports === 0 ? engines : [...engines, this.#other]
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
   * @throws MoonmeterError `INVALID_PAYLOAD`, reason `engine`
   */
  addressee(payload: Payload, index: number | undefined): Engine {
    const named = payload.kind === 'report' ? payload.report.engine : index
    if (named === undefined) {
      throw rejection('engine', 'ingest(bytes, { engine }) for a payload that names none', index)
    }
    if (index !== undefined && named !== index) {
      throw rejection('engine', `a report of engine ${index}`, named)
    }
    const engine = this.#add(named)
    if (engine !== undefined) return engine
    // Rows add up whosever they are; a report is everything so far of one engine, to be kept apart.
    if (payload.kind === 'rows') return this.#other
    throw rejection('engine', `at most ${this.#enginesMax} engines (enginesMax)`, named)
  }

  /** Forget an engine. */
  delete(index: number): void {
    this.#engines.delete(index)
  }

  #add(index: number): Engine | undefined {
    const known = this.#engines.get(index)
    if (known !== undefined || this.#engines.size >= this.#enginesMax) return known
    const engine = new Engine(index, this.#stats)
    this.#engines.set(index, engine)
    return engine
  }
}
