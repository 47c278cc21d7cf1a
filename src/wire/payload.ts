import { type CellLayout, DEFAULT_LAYOUT } from '../stats/cell-layout.js'
import { ConnectorStats } from '../stats/connector-stats.js'
import { unpack } from './msgpack.js'
import { rejection } from './reject.js'
import { isReport, type Report, readReport } from './report.js'
import { readRows } from './rows.js'

/** Default limit on the size of a payload, in bytes. */
export const PAYLOAD_BYTES_MAX = 1_048_576

/** What a payload holds: rows that came since the last one, or a report of everything so far. */
export type Payload =
  | { readonly kind: 'rows'; readonly stats: ConnectorStats }
  | { readonly kind: 'report'; readonly report: Report }

/** How payloads are to be read. */
export interface PayloadOptions {
  /** Where durations are counted; reports must be of the same bounds. */
  readonly layout?: CellLayout
  /** Bytes a payload may have. */
  readonly payloadBytesMax?: number
}

/**
 * Read a stats payload in any of its shapes. This is the one place where data from outside is
 * looked at: what it returns may be trusted.
 *
 * @throws MoonmeterError `INVALID_PAYLOAD` with the `reason`; nothing has changed then
 */
export function decodePayload(bytes: Uint8Array, options: PayloadOptions = {}): Payload {
  const { layout = DEFAULT_LAYOUT, payloadBytesMax = PAYLOAD_BYTES_MAX } = options
  if (!(bytes instanceof Uint8Array)) throw rejection('type', 'bytes', bytes)
  if (bytes.length > payloadBytesMax) {
    throw rejection('oversized', `at most ${payloadBytesMax} bytes`, bytes)
  }
  // Others could write over shared memory between a check and its use, and msgpackr's native part
  // takes no such memory at all: it ends the process.
  const value = unpack(bytes.buffer instanceof SharedArrayBuffer ? new Uint8Array(bytes) : bytes)
  if (isReport(value)) return { kind: 'report', report: readReport(value, layout) }
  const stats = new ConnectorStats({ layout })
  readRows(value, stats)
  return { kind: 'rows', stats }
}

/** Stats of what a payload holds. */
export function addPayload(payload: Payload, stats: ConnectorStats): void {
  if (payload.kind === 'rows') stats.aggregate(payload.stats)
  else for (const series of payload.report.series) stats.addSnapshot(series, undefined)
}
