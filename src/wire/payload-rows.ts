import type { ConnectorStats } from '../stats/connector-stats.js'
import type { MsgpackCursor } from './msgpack-cursor.js'
import { rejection, rejectionOfKind } from './rejection.js'
import { CONNECTOR_KEY, DATA_KEY, ROW_FIELD_NAMES, type RowFields, readRow } from './rows.js'

/** Part of the names of all vLLM connectors, such as `NixlConnector` and `LMCacheConnectorV1`. */
const CONNECTOR_NAME = 'Connector'

/**
 * Count the rows of a payload in one of vLLM's three shapes: bare `{op: [row, …]}`, wrapped
 * `{"MooncakeStoreConnector": {"data": {op: [row, …]}}}` or wrapped flat
 * `{"MooncakeStoreConnector": {op: [row, …]}}`. If the payload, an entry or `data` is nil, it
 * contains no rows.
 *
 * Other content is skipped: entries of other connectors, entries next to `data`, unknown fields of
 * rows. In a payload without the key `MooncakeStoreConnector`, every entry is an operation, unless
 * its name contains `Connector` and its value is not a list of maps: then it belongs to another
 * connector. So a payload of other connectors only, which vLLM sends when this connector had no
 * calls, is accepted and counts nothing. If the name of such an entry contains
 * `MooncakeStoreConnector`, the entry is most likely this connector's under another key, and the
 * payload is rejected.
 *
 * @param cursor positioned before the payload
 * @param stats empty stats to count into; incomplete when this throws
 * @throws MoonmeterError `INVALID_PAYLOAD`, reasons `truncated`, `malformed`, `shape`, `type`,
 * `range`, `duplicate`, and `extension` for a value that is not skipped
 */
export function readRows(cursor: MsgpackCursor, stats: ConnectorStats): void {
  const start = cursor.at
  cursor.skip()
  cursor.assertEnd()
  cursor.at = start
  const kind = cursor.next()
  if (kind === 'nil') return
  if (kind !== 'map') {
    throw rejectionOfKind('shape', 'a map of operations, bare or wrapped, or a report', kind)
  }
  const wrapped = enter(cursor, CONNECTOR_KEY)
  if (wrapped === 'nil') return
  if (wrapped !== 'map') {
    readOperations(cursor, stats, isOfOtherConnector)
    return
  }
  if (enter(cursor, DATA_KEY) !== 'nil') readOperations(cursor, stats)
}

/**
 * Move into the value of a key of the current map, if the value is a map or nil. Otherwise the
 * cursor stays in the current map.
 */
function enter(cursor: MsgpackCursor, key: string): 'map' | 'nil' | undefined {
  const { at: start, size } = cursor
  let found: number | undefined
  for (let left = size; left > 0; left--) {
    if (cursor.skipIsText(key)) {
      if (found !== undefined) throw rejection('duplicate', 'each key once', key)
      found = cursor.at
    }
    cursor.skip()
  }
  cursor.at = found ?? start
  const kind = found === undefined ? undefined : cursor.next()
  if (kind === 'map' || kind === 'nil') return kind
  cursor.at = start
  cursor.size = size
  return undefined
}

/** Read the current map as operations. */
function readOperations(
  cursor: MsgpackCursor,
  stats: ConnectorStats,
  isSkipped: (cursor: MsgpackCursor, name: string) => boolean = () => false,
): void {
  const names = new Set<string>()
  for (let left = cursor.size; left > 0; left--) {
    const kind = cursor.next()
    if (kind !== 'string') throw rejectionOfKind('type', 'an operation to be a string', kind)
    const operation = cursor.takeText()
    if (isSkipped(cursor, operation)) {
      cursor.skip()
      continue
    }
    if (names.has(operation)) throw rejection('duplicate', 'each operation once', operation)
    names.add(operation)
    stats.declare(operation)
    const list = cursor.next()
    if (list !== 'array')
      throw rejectionOfKind('type', 'the rows of an operation to be an array', list)
    for (let rows = cursor.size; rows > 0; rows--) {
      stats.addRow(readRow(operation, readFields(cursor)))
    }
  }
}

/** Whether the next value is the entry of another connector. */
function isOfOtherConnector(cursor: MsgpackCursor, name: string): boolean {
  if (!name.includes(CONNECTOR_NAME) || name === CONNECTOR_KEY || isListOfMaps(cursor)) return false
  if (!name.includes(CONNECTOR_KEY)) return true
  throw rejection('shape', `this connector's stats under the key ${CONNECTOR_KEY}`, name)
}

function isListOfMaps(cursor: MsgpackCursor): boolean {
  const { at } = cursor
  let isList = cursor.next() === 'array'
  for (let left = cursor.size; isList && left > 0; left--) {
    const start = cursor.at
    isList = cursor.next() === 'map'
    cursor.at = start
    cursor.skip()
  }
  cursor.at = at
  return isList
}

function readFields(cursor: MsgpackCursor): RowFields {
  const row = cursor.next()
  if (row !== 'map') throw rejectionOfKind('shape', 'a row to be a map', row)
  const fields: Record<string, unknown> = {}
  for (let left = cursor.size; left > 0; left--) {
    const start = cursor.at
    const field = cursor.next() === 'string' ? fieldAt(cursor) : undefined
    cursor.at = start
    cursor.skip()
    if (field === undefined) cursor.skip()
    else if (fields[field] === undefined) fields[field] = readField(cursor, field)
    else throw rejection('duplicate', 'each field of a row once', field)
  }
  return fields
}

function fieldAt(cursor: MsgpackCursor): string | undefined {
  for (const name of ROW_FIELD_NAMES) if (cursor.contentIs(name)) return name
  return undefined
}

function readField(cursor: MsgpackCursor, field: string): number | string {
  const kind = cursor.next()
  if (kind === 'number') return cursor.takeNumber()
  if (kind === 'string') return cursor.takeText()
  throw rejectionOfKind('type', `${field} to be a number or a string`, kind)
}
