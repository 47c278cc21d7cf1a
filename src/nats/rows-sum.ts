import type { Aggregation } from '../aggregator/aggregation.js'
import { incarnationNumber } from '../recorder/incarnation-number.js'
import { SeriesNames } from '../snapshot/series-names.js'
import { mergeSeries, NAMED_SERIES_MAX, type PackedSeries } from '../stats/packed-series.js'
import type { SeriesName } from '../stats/packed-series.js'
import type { DecodedReport } from '../wire/report.js'
import { encodeReport } from '../wire/report.js'
import type { EntrySource } from './entry-key.js'

/**
 * Add rows to the report of an engine's rows.
 *
 * @param report the rows so far; undefined for none
 * @param more the series of each payload
 */
export function addRows(
  { instance, engine }: EntrySource,
  report: DecodedReport | undefined,
  more: readonly (readonly PackedSeries[])[],
  { layout, limits }: Pick<Aggregation, 'layout' | 'limits'>,
): Uint8Array<ArrayBuffer> {
  // The existing series come first, so that each keeps its name.
  const names = new SeriesNames(limits, { left: NAMED_SERIES_MAX })
  const parts = new Map<SeriesName, PackedSeries[]>()
  for (const series of [report?.series ?? [], ...more].flat()) {
    const name = names.of(series)
    parts.set(name, [...(parts.get(name) ?? []), series])
  }
  const nowMs = Date.now()
  return encodeReport({
    instance,
    engine,
    incarnation: report?.incarnation ?? incarnationNumber(nowMs),
    sequence: (report?.sequence ?? 0) + 1,
    timestampMs: nowMs,
    final: false,
    bounds: layout.bins.bounds,
    series: Array.from(parts, ([name, list]) => mergeSeries(layout.bins, name, list)),
    exemplars: [],
  })
}
