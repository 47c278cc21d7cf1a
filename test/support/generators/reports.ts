import fc from 'fast-check'
import { BinLayout, DEFAULT_LAYOUT } from '../../../src/stats/bin-layout.js'
import { durationSumOf } from '../../../src/stats/duration-sum.js'
import {
  makeExemplar,
  type SeriesExemplar,
  TIMESTAMP_SECONDS_MAX,
} from '../../../src/stats/exemplar.js'
import { packBins, unpackBins } from '../../../src/stats/packed-bins.js'
import type { PackedSeries } from '../../../src/stats/packed-series.js'
import { encodeReport, type Report } from '../../../src/wire/report.js'
import { durations, names } from './arbitraries.js'

const CUSTOM_LAYOUT = new BinLayout([2 ** -30, 0.02, 60])
const numbers = fc.oneof(
  fc.maxSafeNat(),
  fc.double({ min: 0, max: 2 ** 70, noNaN: true }).map(Math.floor),
)

function seriesOf(binCount: number): fc.Arbitrary<PackedSeries> {
  const drawnBins = fc.uniqueArray(
    fc.record({
      bin: fc.nat({ max: binCount - 1 }),
      count: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 2 ** 45 })),
    }),
    { selector: ({ bin }) => bin, maxLength: 30 },
  )
  return fc
    .record({
      operation: names,
      status: names,
      numKeys: numbers,
      numBytes: numbers,
      numFailedKeys: numbers,
      durationSum: fc.array(durations, { maxLength: 5 }).map(sumOf),
      drawn: drawnBins,
    })
    .map(({ drawn, ...rest }) => {
      const counts = new Float64Array(binCount)
      for (const { bin, count } of drawn) counts[bin] = count
      const rows = counts.reduce((sum, count) => sum + count, 0)
      return { ...rest, bins: packBins(counts), rows }
    })
}

/** The exact sum of durations. */
export function sumOf(durations: Iterable<number>): bigint {
  let sum = 0n
  for (const duration of durations) sum += durationSumOf(duration)
  return sum
}

const traceIds = names.filter((name) => name !== '')
const exemplarParts = fc.array(
  fc.record({
    pick: fc.nat(),
    traceId: traceIds,
    timestampSeconds: fc.oneof(
      fc.constantFrom(0, TIMESTAMP_SECONDS_MAX),
      fc.double({ min: 0, max: 2 ** 33, noNaN: true }),
    ),
  }),
  { maxLength: 8 },
)

/** Exemplars of some rows of these series. */
function exemplarsOf(
  all: readonly PackedSeries[],
  layout: BinLayout,
): fc.Arbitrary<SeriesExemplar[]> {
  const rows = all.flatMap(({ bins }, series) =>
    [...unpackBins(bins, layout).entries()]
      .filter(([, count]) => count > 0)
      .map(([bin]) => ({ series, value: layout.secondsOf(bin) })),
  )
  if (rows.length === 0) return fc.constant([])
  return exemplarParts.map((parts) =>
    parts.map(({ pick, traceId, timestampSeconds }) => {
      const { series, value } = rows[pick % rows.length]
      return { series, exemplar: makeExemplar(traceId, value, timestampSeconds) }
    }),
  )
}

const instances = names.filter((name) => name !== '')

/** Any report, with its layout. */
export const reports: fc.Arbitrary<{ readonly report: Report; readonly layout: BinLayout }> = fc
  .constantFrom(DEFAULT_LAYOUT, CUSTOM_LAYOUT, new BinLayout([]))
  .chain((layout) =>
    fc
      .record({
        engine: fc.maxSafeNat(),
        incarnation: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
        sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        timestampMs: fc.double({ min: 0, max: 2e13, noNaN: true }),
        final: fc.boolean(),
        bounds: fc.constant(layout.bounds),
        series: fc.uniqueArray(seriesOf(layout.binCount), {
          selector: ({ operation, status }) => JSON.stringify([operation, status]),
          maxLength: 6,
        }),
      })
      .chain((report) =>
        exemplarsOf(report.series, layout).map((exemplars) => ({ ...report, exemplars })),
      )
      .chain((report) => {
        const instance = instances.map((name) => ({
          report: { ...report, instance: name },
          layout,
        }))
        return fc.oneof(fc.constant({ report, layout }), instance)
      }),
  )

/** A series with this many rows of half a second and as many keys. */
export function seriesWithRows(rows: number, operation = 'load_get', status = 'ok') {
  const bins = new Float64Array(DEFAULT_LAYOUT.binCount)
  bins[DEFAULT_LAYOUT.binOf(0.5)] = rows
  return {
    operation,
    status,
    numKeys: rows,
    numBytes: 0,
    numFailedKeys: 0,
    durationSum: sumOf(new Array<number>(rows).fill(0.5)),
    bins: packBins(bins),
    rows,
  } satisfies PackedSeries
}

/** The bytes of a report; the defaults are those of the first report of engine 0. */
export function reportBytes(fields: Partial<Report> = {}): Uint8Array {
  return encodeReport({
    engine: 0,
    incarnation: 1,
    sequence: 1,
    timestampMs: 0,
    final: false,
    bounds: DEFAULT_LAYOUT.bounds,
    series: [seriesWithRows(1)],
    exemplars: [],
    ...fields,
  })
}
