import { BinLayout } from '../stats/bin-layout.js'
import { ConnectorStats, type ConnectorStatsOptions } from '../stats/connector-stats.js'
import { ownBytes } from './binary.js'
import { MsgpackCursor } from './msgpack-cursor.js'
import { readRows } from './payload-rows.js'
import { type DecodedReport, isReport, readReport } from './report.js'

/** Default limit on the size of a payload, in bytes. */
export const PAYLOAD_BYTES_MAX = 1_048_576

/** The content of a payload: rows since the last one, or a report of everything so far. */
export type Payload = { readonly byteLength: number } & (
  | { readonly kind: 'rows'; readonly stats: ConnectorStats }
  | { readonly kind: 'report'; readonly report: DecodedReport }
)

export interface PayloadOptions {
  /**
   * Bounds and limits of the stats that rows are counted into; reports must have the same bounds.
   */
  readonly stats?: ConnectorStatsOptions
  readonly payloadBytesMax?: number
  /** Whether the extra metrics of reports are read; default false. */
  readonly hasExtras?: boolean
}

/**
 * Decode and validate a payload in any of its shapes. Callers may rely on the values that it
 * returns.
 *
 * @throws MoonmeterError `INVALID_PAYLOAD` with the `reason`; nothing has changed then
 */
export function decodePayload(given: unknown, options: PayloadOptions = {}): Payload {
  const { payloadBytesMax = PAYLOAD_BYTES_MAX } = options
  const bytes = ownBytes(given, payloadBytesMax)
  const byteLength = bytes.length
  if (isReport(bytes)) {
    const report = readReport(bytes, BinLayout.of(options.stats?.bounds), options.hasExtras)
    return { kind: 'report', byteLength, report }
  }
  const stats = new ConnectorStats(options.stats)
  readRows(new MsgpackCursor(bytes), stats)
  return { kind: 'rows', byteLength, stats }
}

export function addPayload(payload: Payload, stats: ConnectorStats): void {
  if (payload.kind === 'rows') stats.aggregate(payload.stats)
  else for (const series of payload.report.series) stats.addPacked(series)
}
