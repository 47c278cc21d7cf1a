import { EXTRA_COUNTER_NAMES, type ExtraCounts } from '../catalogue.js'
import type { PackedSeries } from '../stats/packed-series.js'
import { rejection } from './rejection.js'
import { readArray, readNumber, readTotal } from './validation.js'

const EXTRA_FIELDS = EXTRA_COUNTER_NAMES.length + 1

/**
 * The extra counters and the calls in flight of each series, as values of a report; undefined if
 * extra metrics are not enabled.
 */
export function packExtras(
  all: readonly PackedSeries[],
  inFlight: readonly number[] | undefined,
): unknown[] | undefined {
  return inFlight?.map((count, index) => [
    ...EXTRA_COUNTER_NAMES.map((counter) => all[index].extras?.[counter] ?? 0),
    count,
  ])
}

/** The values of extra metrics that a report has for a series. */
interface SeriesExtras {
  readonly extras: ExtraCounts
  readonly inFlight: number
}

/**
 * Validate the values of extra metrics of a report; undefined if the report has none.
 *
 * @param seriesCount number of series of the report
 * @throws MoonmeterError `INVALID_PAYLOAD`, reasons `type`, `shape` and `range`
 */
export function readExtras(value: unknown, seriesCount: number): SeriesExtras[] | undefined {
  if (value === undefined) return undefined
  const list = readArray(value, 'extras')
  if (list.length !== seriesCount) {
    throw rejection('shape', `extras of ${seriesCount} series`, list)
  }
  return list.map((fields) => {
    const values = readArray(fields, 'the extras of a series')
    if (values.length !== EXTRA_FIELDS) {
      throw rejection('shape', `extras of ${EXTRA_FIELDS} values`, values)
    }
    const [bytes, keys, count] = values
    const inFlight = readNumber(count, 'the calls in flight', Number.MAX_SAFE_INTEGER)
    if (!Number.isInteger(inFlight)) {
      throw rejection('range', 'the calls in flight to be an integer', count)
    }
    const numTransferredBytes = readTotal(bytes, 'numTransferredBytes')
    return { extras: { numTransferredBytes, numHitKeys: readTotal(keys, 'numHitKeys') }, inFlight }
  })
}
