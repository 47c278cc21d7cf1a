import { MoonmeterError } from '../errors.js'
import { partsOf, type SourceSnapshot } from '../snapshot/source-snapshot.js'
import { REPORT_EXEMPLARS_MAX, type SeriesExemplar } from '../stats/exemplar.js'
import { type PackedSeries, REPORT_SERIES_MAX } from '../stats/packed-series.js'
import { encodeReport } from '../wire/report.js'

/** The fields of a report that a source does not have. */
export interface ReportHeader {
  readonly instance: string
  readonly incarnation: number
  readonly sequence: number
  readonly timestampMs: number
  readonly final: boolean
}

/**
 * The stats of an engine over all its threads, as the report of one incarnation.
 *
 * @throws MoonmeterError `INVALID_OPTION` for more series than a report may have
 */
export function encodeSource(
  source: SourceSnapshot,
  header: ReportHeader,
): Uint8Array<ArrayBuffer> {
  const { key, table, layout, exemplars, inFlight } = partsOf(source)
  const { restarts } = source.health
  if (table.series.length > REPORT_SERIES_MAX) {
    throw new MoonmeterError(
      'INVALID_OPTION',
      `engine ${key.engine}: expected at most ${REPORT_SERIES_MAX} series in a report, got ` +
        `${table.series.length}; use fewer names of operations and statuses`,
    )
  }
  // The exposed names of the series, which may be `other` because of limits.
  const series = table.names.map(({ operation, status }, index) => ({
    ...(table.series[index] as PackedSeries),
    operation,
    status,
  }))
  return encodeReport({
    ...header,
    engine: Number(key.engine),
    bounds: layout.bins.bounds,
    series,
    exemplars: table.names
      .flatMap((name, index): SeriesExemplar[] =>
        (exemplars.get(name) ?? []).flatMap((exemplar) =>
          exemplar === undefined ? [] : [{ series: index, exemplar }],
        ),
      )
      .slice(0, REPORT_EXEMPLARS_MAX),
    ...(inFlight !== undefined && { inFlight: placesOf(inFlight, series) }),
    restarts: new Map(Object.entries(restarts)),
  })
}

/** Per operation, the index of its first series, which carries its calls in flight. */
function placesOf(
  inFlight: ReadonlyMap<string, number>,
  series: readonly PackedSeries[],
): number[] {
  const left = new Map(inFlight)
  return series.map(({ operation }) => {
    const count = left.get(operation) ?? 0
    left.delete(operation)
    return count
  })
}
