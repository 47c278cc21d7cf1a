import { describe } from '../describe.js'
import type { BinLayout } from './bin-layout.js'

/**
 * Maximum characters (code points) of a trace id: OpenMetrics limits the names and values of an
 * exemplar's labels to 128 in total, and `trace_id` has 8.
 *
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/#exemplars
 */
export const TRACE_ID_LENGTH_MAX = 120
/**
 * The end of the year 9999 in seconds since 1970: the latest time that a protobuf timestamp
 * permits.
 */
export const TIMESTAMP_SECONDS_MAX = 253_402_300_799
/** Maximum number of exemplars of one report: those of 32 series with vLLM's buckets. */
export const REPORT_EXEMPLARS_MAX = 512

/** The duration and trace id of one row, as an example of the rows in its bucket. */
export interface Exemplar {
  /** The trace, as the label `trace_id`. */
  readonly labels: { readonly trace_id: string }
  /** The duration of the row, in seconds. */
  readonly value: number
  /** When the row was recorded, in seconds since 1970. */
  readonly timestampSeconds: number
}

/** An exemplar with the series that its row belongs to. */
export interface SeriesExemplar {
  /** The index of the series in its report. */
  readonly series: number
  readonly exemplar: Exemplar
}

/** Creates an exemplar. It is frozen, since snapshots share it with the aggregator. */
export function makeExemplar(traceId: string, value: number, timestampSeconds: number): Exemplar {
  return Object.freeze({ labels: Object.freeze({ trace_id: traceId }), value, timestampSeconds })
}

/** The index of an exemplar's bucket: the first whose bound is not below its value. */
export function bucketOf({ value }: Exemplar, layout: BinLayout): number {
  return layout.bucketOfBin[layout.binOf(value)]
}

/** The error text for an invalid trace id; undefined for a valid one. */
export function faultOfTraceId(traceId: unknown): string | undefined {
  if (typeof traceId === 'string' && traceId.isWellFormed() && fitsExemplar(traceId)) {
    return undefined
  }
  return `expected a string of 1 to ${TRACE_ID_LENGTH_MAX} characters, got ${describe(traceId)}`
}

function fitsExemplar(traceId: string): boolean {
  const { length } = traceId
  if (length <= TRACE_ID_LENGTH_MAX) return length > 0
  // A character has two UTF-16 units at most.
  return length <= 2 * TRACE_ID_LENGTH_MAX && [...traceId].length <= TRACE_ID_LENGTH_MAX
}
