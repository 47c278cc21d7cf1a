import { types } from 'node:util'
import { ROW_COUNTER_NAMES } from '../catalogue.js'
import type { SourceIdentity } from '../source-identity.js'
import { isInstance } from '../source-identity.js'
import type { BinLayout } from '../stats/bin-layout.js'
import type { SeriesExemplar } from '../stats/exemplar.js'
import { addPackedBins } from '../stats/packed-bins.js'
import { newSeries, type PackedSeries, REPORT_SERIES_MAX } from '../stats/packed-series.js'
import { showBounds } from '../stats/show-bounds.js'
import { readFloats, readInteger, writeFloats, writeInteger } from './binary.js'
import { pack, unpack } from './msgpack.js'
import { MsgpackCursor } from './msgpack-cursor.js'
import { rejection } from './rejection.js'
import { packExemplars, readExemplars } from './report-exemplars.js'
import { packExtras, readExtras } from './report-extras.js'
import { type RestartCounts, readRestarts } from './report-restarts.js'
import { readArray, readBytes, readLabel, readMap, readOrdinal, readTotal } from './validation.js'

/** The key that distinguishes a report from vLLM's payloads; its value is the version. */
const REPORT_KEY = 'moonmeter_report'
/** The version of reports that this code writes and reads. */
const REPORT_VERSION = 3
const SERIES_FIELDS = 5
/** Bytes of a duration sum: 2^224 units hold 2^53 rows of the longest duration. */
const SUM_BYTES_MAX = 28

/**
 * The stats of an engine's incarnation so far. Each report is complete, so a transport may lose,
 * delay or repeat reports.
 */
export interface Report extends SourceIdentity {
  /** The number of the report within its incarnation, from 1. */
  readonly sequence: number
  /**
   * The time of its encoding, in milliseconds since 1970. It is for debugging; the aggregator does
   * not read it.
   */
  readonly timestampMs: number
  /** Whether it is the last report, sent when the recorder was closed. */
  readonly final: boolean
  /** Bucket upper bounds in seconds, which with the version define the bins. */
  readonly bounds: readonly number[]
  readonly series: readonly PackedSeries[]
  /**
   * The exemplars since the last report. Unlike the stats, they are lost if this report is lost.
   */
  readonly exemplars: readonly SeriesExemplar[]
  /**
   * Calls in flight of each series. Absent if extra metrics are not enabled; then the series have
   * no extra counters either.
   */
  readonly inFlight?: readonly number[]
  /**
   * Restarts of the engine by the pool of its process so far. Absent without any, and in the reports
   * of recorders, which do not know them.
   */
  readonly restarts?: RestartCounts | undefined
}

export interface DecodedReport extends Omit<Report, 'timestampMs'> {
  /** Rows per bucket, `bounds.length + 1` numbers per series, computed by the validation. */
  readonly bucketCounts: Float64Array
  /**
   * Whether further reports are expected: not after the last report, and not for rows; default
   * `!final`.
   */
  readonly isExpected?: boolean
}

/**
 * A report as MessagePack that any library can decode: a map, with long lists of numbers as binary.
 * Bounds are float64, duration sums integers in units of 2^-82 s, both little-endian; bins are
 * `PackedBins`.
 */
export function encodeReport(report: Report): Uint8Array<ArrayBuffer> {
  const { instance, exemplars, restarts } = report
  const extras = packExtras(report.series, report.inFlight)
  return pack({
    [REPORT_KEY]: REPORT_VERSION,
    ...(instance !== undefined && { instance }),
    engine: report.engine,
    incarnation: report.incarnation,
    sequence: report.sequence,
    timestamp_ms: report.timestampMs,
    final: report.final,
    bounds: writeFloats(report.bounds),
    series: report.series.map((series) => [
      series.operation,
      series.status,
      ROW_COUNTER_NAMES.map((counter) => series[counter]),
      writeInteger(series.durationSum),
      series.bins,
    ]),
    ...(exemplars.length > 0 && { exemplars: packExemplars(exemplars) }),
    ...(extras !== undefined && { extras }),
    // An aggregator that does not know this field ignores it.
    ...(restarts !== undefined && restarts.size > 0 && { restarts: [...restarts] }),
  })
}

/**
 * Whether a payload is a report, of any version.
 *
 * @throws MoonmeterError `INVALID_PAYLOAD`, reasons `truncated` and `malformed`
 */
export function isReport(bytes: Buffer): boolean {
  const cursor = new MsgpackCursor(bytes)
  if (cursor.next() !== 'map') return false
  for (let left = cursor.size; left > 0; left--) {
    // An operation of this name in a bare payload would hold an array of rows.
    if (cursor.skipIsText(REPORT_KEY)) return cursor.next() !== 'array'
    cursor.skip()
  }
  return false
}

/**
 * The bucket bounds of a report, in seconds, before they are checked; undefined for other payloads.
 *
 * @throws MoonmeterError `INVALID_PAYLOAD`, as `unpack`
 */
export function boundsOfReport(bytes: Buffer): number[] | undefined {
  const bounds = isReport(bytes) ? readMap(unpack(bytes)).get('bounds') : undefined
  return types.isUint8Array(bounds) ? [...readFloats(bounds)] : undefined
}

/**
 * Decode a report and validate every value.
 *
 * @param layout the layout that the report's bins must have
 * @param hasExtras whether extra metrics are enabled; they are ignored otherwise
 * @throws MoonmeterError `INVALID_PAYLOAD`, reasons `version`, `bounds`, `engine`, `duplicate`,
 * `shape`, `type` and `range`, and those of `unpack`
 */
export function readReport(bytes: Buffer, layout: BinLayout, hasExtras = false): DecodedReport {
  const payload = readMap(unpack(bytes))
  const version = payload.get(REPORT_KEY)
  if (version !== REPORT_VERSION) {
    throw rejection('version', `a report of version ${REPORT_VERSION}`, version)
  }
  const boundsBytes = readBytes(payload.get('bounds'), 'bounds')
  const bounds = readFloats(boundsBytes)
  if (boundsBytes.length % Float64Array.BYTES_PER_ELEMENT !== 0 || !layout.matches(bounds)) {
    const own = showBounds(layout.bounds, bounds)
    throw rejection('bounds', `bucket bounds ${own}`, showBounds(bounds, layout.bounds))
  }
  const { series, bucketCounts } = readAllSeries(readArray(payload.get('series'), 'series'), layout)
  const restarts = readRestarts(payload.get('restarts'))
  const extras = hasExtras ? readExtras(payload.get('extras'), series.length) : undefined
  return {
    ...readIdentity(payload),
    sequence: readOrdinal(payload.get('sequence'), 'sequence'),
    final: payload.get('final') === true,
    bounds: layout.bounds,
    series: extras
      ? series.map((one, index) => ({ ...one, extras: extras[index].extras }))
      : series,
    bucketCounts,
    exemplars: readExemplars(payload.get('exemplars'), layout, bucketCounts),
    ...(extras && { inFlight: extras.map(({ inFlight }) => inFlight) }),
    ...(restarts && { restarts }),
  }
}

/**
 * The identity of a report's source.
 *
 * @throws MoonmeterError `INVALID_PAYLOAD`, reasons `engine`, `type` and `range`, and those of `unpack`
 */
export function identityOfReport(bytes: Buffer): SourceIdentity {
  return readIdentity(readMap(unpack(bytes)))
}

/** Whether a payload is the last report of its incarnation; false for bytes that are no report. */
export function isFinalReport(bytes: Uint8Array): boolean {
  try {
    const payload = readMap(unpack(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)))
    return payload.get(REPORT_KEY) === REPORT_VERSION && payload.get('final') === true
  } catch {
    return false
  }
}

function readIdentity(payload: ReadonlyMap<unknown, unknown>): SourceIdentity {
  const engine = payload.get('engine')
  if (typeof engine !== 'number' || !Number.isSafeInteger(engine) || engine < 0) {
    throw rejection('engine', 'the engine index to be a non-negative integer', engine)
  }
  const incarnation = readOrdinal(payload.get('incarnation'), 'incarnation')
  const instance = payload.get('instance') ?? undefined
  if (instance === undefined) return { engine, incarnation }
  if (isInstance(instance)) return { instance, engine, incarnation }
  throw rejection('engine', 'the instance to be a string of 1 to 255 bytes', instance)
}

function readAllSeries(
  list: readonly unknown[],
  layout: BinLayout,
): Pick<DecodedReport, 'series' | 'bucketCounts'> {
  if (list.length > REPORT_SERIES_MAX) {
    throw rejection('range', `at most ${REPORT_SERIES_MAX} series`, list)
  }
  const buckets = layout.bounds.length + 1
  const bucketCounts = new Float64Array(list.length * buckets)
  const series = list.map((fields, index) => {
    return readSeries(fields, layout, bucketCounts, index * buckets)
  })
  const names = new Set<string>()
  for (const { operation, status } of series) {
    // The length separates the two names.
    const name = `${operation.length} ${operation} ${status}`
    if (names.has(name)) throw rejection('duplicate', 'each series once', name)
    names.add(name)
  }
  return { series, bucketCounts }
}

/** @param bucketCounts receives the series' rows per bucket, from index `base` on */
function readSeries(
  value: unknown,
  layout: BinLayout,
  bucketCounts: Float64Array,
  base: number,
): PackedSeries {
  const fields = readArray(value, 'a series')
  if (fields.length !== SERIES_FIELDS) {
    throw rejection('shape', `a series of ${SERIES_FIELDS} values`, fields)
  }
  const [operation, status, totals, sum, packed] = fields
  const series = newSeries({
    operation: readLabel(operation, 'operation'),
    status: readLabel(status, 'status'),
  })
  const values = readArray(totals, 'the counters of a series')
  if (values.length !== ROW_COUNTER_NAMES.length) {
    throw rejection('shape', `${ROW_COUNTER_NAMES.length} counters`, values)
  }
  for (const [index, counter] of ROW_COUNTER_NAMES.entries()) {
    series[counter] = readTotal(values[index], counter)
  }
  // Copied, since the payload belongs to the caller and may be much larger.
  series.bins = new Uint8Array(readBytes(packed, 'bins'))
  series.rows = addPackedBins(bucketCounts, series.bins, layout.bucketOfBin, base)
  if (Number.isNaN(series.rows)) {
    const expected = `packed counts of up to ${layout.binCount} bins, fewer than 2^53 in all`
    throw rejection('range', expected, series.bins)
  }
  const sumBytes = readBytes(sum, 'duration sum')
  if (sumBytes.length > SUM_BYTES_MAX) {
    throw rejection('range', `a duration sum of at most ${SUM_BYTES_MAX} bytes`, sumBytes)
  }
  series.durationSum = readInteger(sumBytes)
  return series
}
