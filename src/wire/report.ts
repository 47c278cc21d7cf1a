import type { CellLayout } from '../stats/cell-layout.js'
import { ExactSum, LIMB_COUNT } from '../stats/exact-sum.js'
import { writeFigures } from '../stats/figures.js'
import { addPackedCells } from '../stats/packed-cells.js'
import type { SeriesSnapshot } from '../stats/series-snapshot.js'
import { LIMB_BYTES, readFloats, readLimbs, writeFloats, writeLimbs } from './binary.js'
import { pack } from './msgpack.js'
import {
  readArray,
  readBytes,
  readInteger,
  readLabel,
  readNumber,
  readOrdinal,
  readTotal,
  rejection,
} from './reject.js'

/** The key that tells a report from the reference's shapes; its value is the version. */
const REPORT_KEY = 'moonmeter_report'
/** The version of reports that this code writes and reads. */
const REPORT_VERSION = 2
/** Values per series: operation, status, keys, bytes, failed keys, first limb, limbs, cells. */
const SERIES_FIELDS = 8
/** Series a report may have, and so a journal. */
export const REPORT_SERIES_MAX = 1_024

/** An engine's stats so far in one life: complete in itself, so that any transport will do. */
export interface Report {
  readonly engine: number
  /** Which life of the engine this is; a later life has a larger number. */
  readonly incarnation: number
  /** Counts the reports of a life, from 1. */
  readonly sequence: number
  /** When it was made, in milliseconds since 1970. */
  readonly timestampMs: number
  /** Whether the recorder was closed with it. */
  readonly final: boolean
  /** Bucket upper bounds in seconds, which with the version fix what a slot means. */
  readonly bounds: readonly number[]
  readonly series: readonly SeriesSnapshot[]
  /** What an exposition shows of them, as a `FigureLayout` says. */
  readonly figures: Float64Array
}

/** A report to be sent: who reads it works the figures out. */
export type UnsentReport = Omit<Report, 'figures'>

/**
 * A report as MessagePack: a map whose numbers in bulk are binary, so that any MessagePack reads
 * it. Bounds are float64, limbs of a sum uint32, both little-endian; cells are `PackedCells`.
 */
export function encodeReport(report: UnsentReport): Uint8Array<ArrayBuffer> {
  return pack({
    [REPORT_KEY]: REPORT_VERSION,
    engine: report.engine,
    incarnation: report.incarnation,
    sequence: report.sequence,
    timestamp_ms: report.timestampMs,
    final: report.final,
    bounds: writeFloats(report.bounds),
    series: report.series.map((series) => [
      series.operation,
      series.status,
      series.numKeys,
      series.numBytes,
      series.numFailedKeys,
      series.durationSum.firstLimb,
      writeLimbs(series.durationSum.limbs()),
      series.cells,
    ]),
  })
}

/** Whether an unpacked payload is a report, of whatever version. */
export function isReport(value: unknown): value is Map<unknown, unknown> {
  // An operation of this name in a bare payload would hold an array of rows.
  return value instanceof Map && value.has(REPORT_KEY) && !Array.isArray(value.get(REPORT_KEY))
}

/** The bucket bounds that a report says it has, in seconds; undefined for any other payload. */
export function boundsOfReport(payload: unknown): number[] | undefined {
  const bounds = isReport(payload) ? payload.get('bounds') : undefined
  return bounds instanceof Uint8Array ? [...readFloats(bounds)] : undefined
}

/**
 * A report from an unpacked payload, every value of it checked.
 *
 * @param layout the layout that the report's slots must be of
 * @throws MoonmeterError `INVALID_PAYLOAD`, reasons `version`, `bounds`, `engine`, `duplicate`,
 * `shape`, `type` and `range`
 */
export function readReport(payload: Map<unknown, unknown>, layout: CellLayout): Report {
  const version = payload.get(REPORT_KEY)
  if (version !== REPORT_VERSION) {
    throw rejection('version', `a report of version ${REPORT_VERSION}`, version)
  }
  const boundsBytes = readBytes(payload.get('bounds'), 'bounds')
  const bounds = readFloats(boundsBytes)
  if (boundsBytes.length % Float64Array.BYTES_PER_ELEMENT !== 0 || !layout.matches(bounds)) {
    throw rejection('bounds', `bucket bounds ${layout.bounds.join(' ')}`, bounds.join(' '))
  }
  const engine = payload.get('engine')
  if (typeof engine !== 'number' || !Number.isSafeInteger(engine) || engine < 0) {
    throw rejection('engine', 'the engine index to be a non-negative integer', engine)
  }
  return {
    engine,
    incarnation: readOrdinal(payload.get('incarnation'), 'incarnation'),
    sequence: readOrdinal(payload.get('sequence'), 'sequence'),
    timestampMs: readNumber(payload.get('timestamp_ms'), 'timestamp_ms'),
    final: payload.get('final') === true,
    bounds: layout.bounds,
    ...readAllSeries(readArray(payload.get('series'), 'series'), layout),
  }
}

function readAllSeries(
  list: readonly unknown[],
  layout: CellLayout,
): Pick<Report, 'series' | 'figures'> {
  if (list.length > REPORT_SERIES_MAX) {
    throw rejection('range', `at most ${REPORT_SERIES_MAX} series`, list)
  }
  const figures = layout.figures.allocate(list.length)
  const series = list.map((fields, index) => readSeries(fields, layout, figures, index))
  const names = new Set<string>()
  for (const { operation, status } of series) {
    const name = JSON.stringify([operation, status])
    if (names.has(name)) throw rejection('duplicate', 'each series once', name)
    names.add(name)
  }
  return { series, figures }
}

function readSeries(
  value: unknown,
  layout: CellLayout,
  figures: Float64Array,
  index: number,
): SeriesSnapshot {
  const fields = readArray(value, 'a series')
  if (fields.length !== SERIES_FIELDS) {
    throw rejection('shape', `a series of ${SERIES_FIELDS} values`, fields)
  }
  const series = {
    operation: readLabel(fields[0], 'operation'),
    status: readLabel(fields[1], 'status'),
    numKeys: readTotal(fields[2], 'keys'),
    numBytes: readTotal(fields[3], 'bytes'),
    numFailedKeys: readTotal(fields[4], 'failed keys'),
    durationSum: readSum(readInteger(fields[5], 'first limb'), readBytes(fields[6], 'limbs')),
    // Copied, since what was sent may be large beside it, and belongs to somebody else.
    cells: new Uint8Array(readBytes(fields[7], 'cells')),
    rows: 0,
  }
  const start = index * layout.figures.histogram
  series.rows = addPackedCells(figures, series.cells, layout.bucketOfSlot, start)
  if (Number.isNaN(series.rows)) {
    const expected = `packed counts of up to ${layout.slotCount} cells, fewer than 2^53 in all`
    throw rejection('range', expected, series.cells)
  }
  writeFigures(layout.figures, series, figures, index)
  return series
}

function readSum(first: number, bytes: Uint8Array): ExactSum {
  const limbs = readLimbs(bytes)
  // One limb of room is left for the carry that later sums may bring.
  if (bytes.length % LIMB_BYTES !== 0 || first + limbs.length >= LIMB_COUNT) {
    throw rejection('range', `limbs of 4 bytes within the first ${LIMB_COUNT}`, bytes)
  }
  const sum = new ExactSum(limbs, first)
  if (Number.isFinite(sum.toNumber())) return sum
  throw rejection('range', 'a sum of durations that is a finite number', bytes)
}
