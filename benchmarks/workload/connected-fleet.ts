import { setImmediate as nextTurn } from 'node:timers/promises'
import { Registry } from 'prom-client'
import { EngineAggregator } from '../../src/index.js'
import { createRecorder, type Recorder } from '../../src/recorder/index.js'
import type { Fleet } from './fleet.js'
import { recordStep, rowsPerSeries, TWELVE_SERIES } from './fleet-step.js'
import { makeRows } from './rows.js'
import { OPERATIONS } from './twelve-series.js'

/** No timer of the aggregator or of a recorder ends within a benchmark. */
const INTERVAL_MS = 2 ** 31 - 1
/** Steps recorded and reported first, so that many bins of every series are in use. */
const PREVIOUS_STEPS = 200
/** Turns of the event loop after which the reports on all ports are read. */
const TURNS = 3

/**
 * Engines of twelve series that are connected by journals and ports, and whose recorders run on
 * this thread. Each reported once; from then on all of them are silent, as engines are that do not
 * yield to their event loop.
 */
export class ConnectedFleet implements Fleet {
  readonly registry = new Registry()
  readonly aggregator: EngineAggregator
  readonly #recorders: readonly Recorder[]
  readonly #rows = makeRows('ok')
  #lateMs = 0
  #step = 0
  #recorded = 0

  private constructor(engines: number) {
    this.aggregator = new EngineAggregator({
      registry: this.registry,
      modelName: 'bench',
      intervalMs: INTERVAL_MS,
      monotonicNow: () => performance.now() + this.#lateMs,
    })
    this.#recorders = Array.from({ length: engines }, (_, engine) =>
      createRecorder(this.aggregator.connect(engine)),
    )
  }

  /** Engines whose first reports are merged. */
  static async open(engines: number): Promise<ConnectedFleet> {
    const fleet = new ConnectedFleet(engines)
    for (let step = 0; step < PREVIOUS_STEPS; step++) fleet.advance()
    for (const recorder of fleet.#recorders) recorder.report()
    for (let turns = 0; turns < TURNS; turns++) await nextTurn()
    return fleet
  }

  /** Number of times `advance` was called so far. */
  get steps(): number {
    return this.#step
  }

  /** Number of rows recorded so far. */
  get recorded(): number {
    return this.#recorded
  }

  /**
   * Records more rows in every series of every engine, and lets an interval pass without reports.
   */
  advance(): void {
    for (const [engine, recorder] of this.#recorders.entries()) {
      recordStep((name) => recorder.operation(name), this.#rows, TWELVE_SERIES, engine, this.#step)
      this.#recorded += OPERATIONS.length * TWELVE_SERIES.length * rowsPerSeries(engine)
    }
    this.#step++
    this.#lateMs += INTERVAL_MS
  }
}
