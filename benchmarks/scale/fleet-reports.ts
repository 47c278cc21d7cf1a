import type { Entry } from '../../src/nats/bucket.js'
import { encodeKey } from '../../src/nats/entry-key.js'
import { DEFAULT_LAYOUT } from '../../src/stats/bin-layout.js'
import { encodeReport, readReport } from '../../src/wire/report.js'
import { recordStep, TWELVE_SERIES } from '../workload/fleet-step.js'
import { OpenEngine } from '../workload/open-engine.js'
import { makeRows } from '../workload/rows.js'

/** Engines of one process. */
const ENGINES_PER_INSTANCE = 8
/** The number of engines with different rows; further engines repeat these. */
const TEMPLATES = 64
/** Steps that are recorded before the first report: some 200 rows a series. */
const FIRST_STEPS = 40
const INCARNATION = 1

/** The reports of engines of twelve series as entries of a bucket, without threads and servers. */
export class FleetReports {
  readonly #engines: number
  readonly #templates = Array.from({ length: TEMPLATES }, (_, index) => new OpenEngine(index))
  readonly #rows = makeRows('ok')
  #step = 0
  #revision = 0

  constructor(engines: number) {
    this.#engines = engines
    for (let step = 1; step < FIRST_STEPS; step++) this.#record()
  }

  /** The next report of every engine, after some milliseconds of recording. */
  next(): Entry[] {
    this.#record()
    const series = this.#templates.map((template) => {
      template.recorder.report()
      const bytes = template.take()
      if (bytes === undefined) throw new Error('scale: no report')
      return readReport(Buffer.from(bytes), DEFAULT_LAYOUT).series
    })
    return Array.from({ length: this.#engines }, (_, index) => {
      const instance = `host-${Math.floor(index / ENGINES_PER_INSTANCE)}`
      const identity = { instance, engine: index % ENGINES_PER_INSTANCE, incarnation: INCARNATION }
      const value = encodeReport({
        ...identity,
        sequence: this.#step,
        timestampMs: Date.now(),
        final: false,
        bounds: DEFAULT_LAYOUT.bounds,
        series: series[index % TEMPLATES] ?? [],
        exemplars: [],
      })
      const key = encodeKey({ kind: 'incarnation', ...identity })
      return { key, value, revision: ++this.#revision, createdMs: Date.now() }
    })
  }

  #record(): void {
    this.#step++
    for (const [index, { recorder }] of this.#templates.entries()) {
      recordStep((name) => recorder.operation(name), this.#rows, TWELVE_SERIES, index, this.#step)
    }
  }
}
