import type { Aggregation } from '../aggregator/aggregation.js'
import { ownBytes } from '../wire/binary.js'
import { rejection } from '../wire/rejection.js'
import { type DecodedReport, readReport } from '../wire/report.js'
import { type EntryKey, sourceKey } from './entry-key.js'

/** The properties of an aggregation that decide how an entry is read. */
export type EntryLimits = Pick<Aggregation, 'layout' | 'payloadBytesMax'>

/**
 * Decode and validate the report of an entry.
 *
 * @param value the value of the entry
 * @throws MoonmeterError `INVALID_PAYLOAD` with the reason, `engine` for the report of another key
 */
export function readEntryReport(
  value: Uint8Array,
  key: EntryKey,
  { layout, payloadBytesMax }: EntryLimits,
): DecodedReport {
  // Extra counters are always read, since other aggregators read the sums that contain them.
  const report = readReport(ownBytes(value, payloadBytesMax), layout.bins, true)
  const isOwn =
    report.instance === key.instance &&
    report.engine === key.engine &&
    (key.kind !== 'incarnation' || report.incarnation === key.incarnation)
  if (isOwn) return report
  const { instance, engine, incarnation } = report
  const got = `${instance}, ${engine}, ${incarnation}`
  throw rejection('engine', `the report of the key, of engine ${sourceKey(key)}`, got)
}
