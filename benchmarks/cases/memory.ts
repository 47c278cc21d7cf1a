import type { BenchmarkCase, Measures } from '../harness/benchmark-case.js'
import { OpenEngine } from '../workload/open-engine.js'
import { makeRows, ROW_COUNT } from '../workload/rows.js'
import { OPERATIONS } from '../workload/twelve-series.js'
import { recordRows } from './record-rows.js'

const ENGINES = 64
const ROWS: Readonly<Record<string, number>> = { few: 40, many: 40_000, most: 4_000_000 }
const KIB = 1024

/** Memory of an engine's recorder, and the size of its reports. */
export const memoryCase: BenchmarkCase = {
  name: 'memory',
  title: 'Memory of an engine, size of a report',
  about:
    'Growth of the resident set over 64 engines of 12 series each: their journals and recorders. ' +
    'Durations come from three log-normals a thousandfold apart, so that many bins are in use.',
  variants: [
    { name: 'few', title: '40 rows an engine' },
    { name: 'many', title: '40,000 rows an engine' },
    {
      name: 'most',
      title: '4,000,000 rows of the first engine, 40,000 of the others',
      quick: true,
    },
  ],
  columns: [
    { name: 'kib', title: 'KiB an engine' },
    { name: 'journalKib', title: 'before its first report' },
    { name: 'reportKib', title: 'KiB a report' },
  ],
  async run(variant: string): Promise<Measures> {
    const rows = makeRows('mixed')
    // Durations spread as those of store calls: checks are fast, transfers slow.
    for (let row = 0; row < ROW_COUNT; row++) rows.durations[row] *= 30 ** ((row % 3) - 1)
    const fill = (engine: OpenEngine, count: number) => {
      for (const operation of OPERATIONS) {
        recordRows(engine.recorder.operation(operation), rows, count / OPERATIONS.length)
      }
    }
    // Compiled code and the pools of msgpackr exist once, for any number of engines.
    const first = new OpenEngine(ENGINES)
    fill(first, ROWS[variant] ?? 0)
    first.recorder.report()
    globalThis.gc?.()
    const before = process.memoryUsage().rss
    const engines = Array.from({ length: ENGINES }, (_, index) => new OpenEngine(index))
    for (const engine of engines) fill(engine, Math.min(ROWS[variant] ?? 0, ROWS.many ?? 0))
    globalThis.gc?.()
    const recorded = process.memoryUsage().rss
    for (const engine of engines) {
      engine.recorder.report()
      engine.take()
    }
    globalThis.gc?.()
    const reported = process.memoryUsage().rss
    return {
      kib: (Math.max(recorded, reported) - before) / ENGINES / KIB,
      journalKib: (recorded - before) / ENGINES / KIB,
      reportKib: (first.take()?.length ?? 0) / KIB,
    }
  },
}
