import { EXTRA_COUNTER_NAMES, type ExtraCounts } from '../catalogue.js'
import type { PackedSeries } from '../stats/packed-series.js'
import { rejection } from './rejection.js'
import { readArray, readNumber, readTotal } from './validation.js'

const EXTRA_FIELDS = EXTRA_COUNTER_NAMES.length + 1

/**
 * The extra counters of each series of a report and its calls in flight, as values of it; undefined
 * where none are asked for.
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

/** What a report has of a series where extra metrics are asked for. */
interface SeriesExtras {
  readonly extras: ExtraCounts
  readonly inFlight: number
}

/**
 * The extra counters of each series of a report, every value of them checked; undefined where it has
 * none.
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
