import fc from 'fast-check'
import { CellLayout, DEFAULT_LAYOUT } from '../../src/stats/cell-layout.js'
import { ExactSum } from '../../src/stats/exact-sum.js'
import { packCells } from '../../src/stats/packed-cells.js'
import type { SeriesSnapshot } from '../../src/stats/series-snapshot.js'
import { encodeReport, type UnsentReport } from '../../src/wire/report.js'
import { names } from './arbitraries.js'
import { floatOf } from './floats.js'

const CUSTOM_LAYOUT = new CellLayout([2 ** -30, 0.02, 60])
/** Floats from zero on, of every exponent alike. */
const magnitudes = fc.bigInt({ min: 0n, max: 0x7fefffffffffffffn }).map(floatOf)
const numbers = fc.oneof(
  fc.maxSafeNat(),
  fc.double({ min: 0, max: 2 ** 70, noNaN: true }).map(Math.floor),
)

function seriesOf(slotCount: number): fc.Arbitrary<SeriesSnapshot> {
  const cells = fc.uniqueArray(
    fc.record({
      slot: fc.nat({ max: slotCount - 1 }),
      count: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 2 ** 45 })),
    }),
    { selector: ({ slot }) => slot, maxLength: 30 },
  )
  return fc
    .record({
      operation: names,
      status: names,
      numKeys: numbers,
      numBytes: numbers,
      numFailedKeys: numbers,
      durationSum: fc
        .array(magnitudes, { maxLength: 5 })
        .map(sumOf)
        .filter((sum) => Number.isFinite(sum.toNumber())),
      cells,
    })
    .map(({ cells: drawn, ...rest }) => {
      const counts = new Float64Array(slotCount)
      for (const { slot, count } of drawn) counts[slot] = count
      const rows = counts.reduce((sum, count) => sum + count, 0)
      return { ...rest, cells: packCells(counts), rows }
    })
}

/** A sum of these numbers. */
export function sumOf(values: Iterable<number>): ExactSum {
  const sum = new ExactSum()
  for (const value of values) sum.add(value)
  return sum
}

/** Any report with the layout it is of. */
export const reports: fc.Arbitrary<{ readonly report: UnsentReport; readonly layout: CellLayout }> =
  fc.constantFrom(DEFAULT_LAYOUT, CUSTOM_LAYOUT, new CellLayout([])).chain((layout) =>
    fc
      .record({
        engine: fc.maxSafeNat(),
        incarnation: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
        sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        timestampMs: fc.double({ min: 0, max: 2e13, noNaN: true }),
        final: fc.boolean(),
        bounds: fc.constant(layout.bounds),
        series: fc.uniqueArray(seriesOf(layout.slotCount), {
          selector: ({ operation, status }) => JSON.stringify([operation, status]),
          maxLength: 6,
        }),
      })
      .map((report) => ({ report, layout })),
  )

/** A series with this many rows of half a second and as many keys. */
export function seriesWithRows(rows: number, operation = 'load_get', status = 'ok') {
  const cells = new Float64Array(DEFAULT_LAYOUT.slotCount)
  cells[DEFAULT_LAYOUT.slotOf(0.5)] = rows
  return {
    operation,
    status,
    numKeys: rows,
    numBytes: 0,
    numFailedKeys: 0,
    durationSum: sumOf(new Array<number>(rows).fill(0.5)),
    cells: packCells(cells),
    rows,
  } satisfies SeriesSnapshot
}

/** The bytes of a report; what is not given is that of engine 0's first. */
export function reportBytes(fields: Partial<UnsentReport> = {}): Uint8Array {
  return encodeReport({
    engine: 0,
    incarnation: 1,
    sequence: 1,
    timestampMs: 0,
    final: false,
    bounds: DEFAULT_LAYOUT.bounds,
    series: [seriesWithRows(1)],
    ...fields,
  })
}
