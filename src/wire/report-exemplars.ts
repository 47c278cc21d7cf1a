import type { BinLayout } from '../stats/bin-layout.js'
import {
  bucketOf,
  faultOfTraceId,
  makeExemplar,
  REPORT_EXEMPLARS_MAX,
  type SeriesExemplar,
  TIMESTAMP_SECONDS_MAX,
  TRACE_ID_LENGTH_MAX,
} from '../stats/exemplar.js'
import { DURATION_SECONDS_MAX } from '../stats/row.js'
import { rejection } from './rejection.js'
import { readArray, readNumber, readString } from './validation.js'

const EXEMPLAR_FIELDS = 4

/** Exemplars as values of a report, each as index of the series, seconds, time and trace id. */
export function packExemplars(exemplars: readonly SeriesExemplar[]): unknown[] {
  return exemplars.map(({ series, exemplar: { value, timestampSeconds, labels } }) => [
    series,
    value,
    timestampSeconds,
    labels.trace_id,
  ])
}

/**
 * Validate the exemplars of a report, which are optional.
 *
 * @param bucketCounts rows per bucket of each series of the report
 * @throws MoonmeterError `INVALID_PAYLOAD`, reasons `type`, `shape` and `range`
 */
export function readExemplars(
  value: unknown,
  layout: BinLayout,
  bucketCounts: Float64Array,
): SeriesExemplar[] {
  if (value === undefined) return []
  const list = readArray(value, 'exemplars')
  if (list.length > REPORT_EXEMPLARS_MAX) {
    throw rejection('range', `at most ${REPORT_EXEMPLARS_MAX} exemplars`, list)
  }
  return list.map((fields) => readExemplar(fields, layout, bucketCounts))
}

function readExemplar(
  value: unknown,
  layout: BinLayout,
  bucketCounts: Float64Array,
): SeriesExemplar {
  const fields = readArray(value, 'an exemplar')
  if (fields.length !== EXEMPLAR_FIELDS) {
    throw rejection('shape', `an exemplar of ${EXEMPLAR_FIELDS} values`, fields)
  }
  const [index, seconds, time, traceId] = fields
  const series = readNumber(index, 'the series of an exemplar')
  const exemplar = makeExemplar(
    readTraceId(traceId),
    readNumber(seconds, 'the value of an exemplar', DURATION_SECONDS_MAX),
    readNumber(time, 'the time of an exemplar', TIMESTAMP_SECONDS_MAX),
  )
  const rows = bucketCounts[series * (layout.bounds.length + 1) + bucketOf(exemplar, layout)]
  // For an index past the last series, there are no rows.
  if (Number.isInteger(series) && rows > 0) return { series, exemplar }
  throw rejection('range', 'an exemplar to be of a series and a bucket with rows', series)
}

function readTraceId(value: unknown): string {
  const traceId = readString(value, 'the trace id of an exemplar')
  if (faultOfTraceId(traceId) === undefined) return traceId
  throw rejection('range', `a trace id of 1 to ${TRACE_ID_LENGTH_MAX} characters`, traceId)
}
