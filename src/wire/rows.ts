import type { ConnectorStats } from '../stats/connector-stats.js'
import { COUNT_MAX, makeRow } from '../stats/row.js'
import { readArray, readNumber, readString, rejection } from './reject.js'

/** The key under which a multi-connector payload carries this connector's stats. */
const CONNECTOR_KEY = 'MooncakeStoreConnector'
/** The key inside it that holds the operations where the stats object itself was packed. */
const DATA_KEY = 'data'

/**
 * Count the rows of an unpacked payload in one of the reference's three shapes: bare
 * `{op: [row, …]}`, wrapped `{"MooncakeStoreConnector": {"data": {op: [row, …]}}}` or wrapped flat
 * `{"MooncakeStoreConnector": {op: [row, …]}}`. Entries of other connectors are skipped.
 *
 * @param stats empty stats to count into; to be thrown away when this throws
 * @throws MoonmeterError `INVALID_PAYLOAD`, reasons `shape`, `type` and `range`
 */
export function readRows(payload: unknown, stats: ConnectorStats): void {
  for (const [name, rows] of operationsOf(payload)) {
    const operation = readString(name, 'an operation')
    stats.declare(operation)
    for (const row of readArray(rows, 'the rows of an operation')) {
      stats.addRow(readRow(operation, row))
    }
  }
}

function operationsOf(payload: unknown): Map<unknown, unknown> {
  if (!(payload instanceof Map)) {
    throw rejection('shape', 'a map of operations, bare or wrapped, or a report', payload)
  }
  const wrapped: unknown = payload.get(CONNECTOR_KEY)
  if (!(wrapped instanceof Map)) return new Map([...payload].filter(isOperation))
  const data: unknown = wrapped.get(DATA_KEY)
  return data instanceof Map ? data : wrapped
}

/** Whether an entry may be one of ours: those of other connectors are maps under their names. */
function isOperation([name, value]: [unknown, unknown]): boolean {
  return !(value instanceof Map && typeof name === 'string' && name.endsWith('Connector'))
}

function readRow(operation: string, value: unknown): ReturnType<typeof makeRow> {
  if (!(value instanceof Map)) throw rejection('shape', 'a row to be a map', value)
  const optional = (field: string) =>
    value.has(field) ? readRowCount(value.get(field), field) : undefined
  const durationSeconds = readNumber(value.get('duration_seconds'), 'duration_seconds')
  const numKeys = readRowCount(value.get('num_keys'), 'num_keys')
  return makeRow(operation, durationSeconds, numKeys, {
    numBytes: optional('num_bytes'),
    status: value.has('status') ? readString(value.get('status'), 'status') : undefined,
    numFailedKeys: optional('num_failed_keys'),
  })
}

/** A count of a row, which may be a float; its fraction is cut off later. */
function readRowCount(value: unknown, field: string): number {
  const count = readNumber(value, field)
  if (count <= COUNT_MAX) return count
  throw rejection('range', `${field} of at most 64 bits`, value)
}
