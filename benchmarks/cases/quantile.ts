import { MooncakeStoreConnectorStats } from '../../src/index.js'
import { rankOf } from '../../src/stats/quantile.js'
import type { BenchmarkCase, Measures, Scale } from '../harness/benchmark-case.js'
import { passNs } from '../harness/timing.js'
import { makeRows, ROW_COUNT } from '../workload/rows.js'

/** The number of single durations that stats keep. */
const ROWS = 65_536
const P90 = 0.9
const WARM_UP_PASSES = 10
const PASSES = { quick: 30, full: 100 }

/** The exact 90th percentile of an interval of rows. */
export const quantileCase: BenchmarkCase = {
  name: 'quantile',
  title: 'Exact p90 of an interval',
  about:
    `The exact 90th percentile of ${ROWS.toLocaleString('en')} durations: \`stats.quantile\`, which ` +
    'selects within one bin, beside sorting a copy of them.',
  variants: [
    { name: 'moonmeter', title: 'moonmeter, selection within a bin', quick: true },
    { name: 'typed-sort', title: 'sort of a Float64Array' },
    { name: 'array-sort', title: 'sort of an array with a comparator' },
  ],
  columns: [{ name: 'ns', title: 'ns a row', relativeTo: ['moonmeter'] }],
  async run(variant: string, { quick }: Scale): Promise<Measures> {
    const durations = makeDurations()
    const expected = durations.slice().sort()[rankOf(P90, ROWS)]
    const select = selectorOf(variant, durations)
    if (select() !== expected) throw new Error(`${variant}: expected ${expected}, got ${select()}`)
    let sum = 0
    const pass = () => {
      sum += select()
    }
    await passNs(quick ? WARM_UP_PASSES : WARM_UP_PASSES * 2, ROWS, pass)
    const ns = await passNs(quick ? PASSES.quick : PASSES.full, ROWS, pass)
    return { ns, counted: sum }
  },
}

function makeDurations(): Float64Array {
  const { durations } = makeRows('ok')
  // All different, although each row is used four times.
  return Float64Array.from(
    { length: ROWS },
    (_, row) => durations[row % ROW_COUNT] * (1 + row / 1e9),
  )
}

function selectorOf(variant: string, durations: Float64Array): () => number {
  const rank = rankOf(P90, ROWS)
  if (variant === 'typed-sort') return () => durations.slice().sort()[rank]
  if (variant === 'array-sort') {
    return () => Array.from(durations).sort((left, right) => left - right)[rank] ?? Number.NaN
  }
  const stats = new MooncakeStoreConnectorStats()
  for (const duration of durations) stats.recordOperation('load_get', duration, 1)
  return () => {
    const quantile = stats.quantile('load_get', P90)
    return quantile?.exact === true ? quantile.seconds : Number.NaN
  }
}
