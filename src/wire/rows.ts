import { ROW_COUNTER_NAMES, ROW_COUNTERS, type RowCounter } from '../catalogue.js'
import type { ConnectorStats } from '../stats/connector-stats.js'
import { zeroCounts } from '../stats/packed-series.js'
import { COUNT_MAX, DURATION_SECONDS_MAX, type Row, STATUS_OK } from '../stats/row.js'
import { rejection } from './rejection.js'
import { readArray, readNumber, readString } from './validation.js'

/** The key under which a multi-connector payload carries this connector's stats. */
export const CONNECTOR_KEY = 'MooncakeStoreConnector'
/** The key inside it that holds the operations where the stats object itself was packed. */
export const DATA_KEY = 'data'

type Field<Counter extends RowCounter> = (typeof ROW_COUNTERS)[Counter]['field']

/** A row with vLLM's field names: a duration of up to 2^64 s, and counters of up to 64 bits. */
export type PayloadRow = {
  readonly duration_seconds: number | bigint
  readonly status?: string
} & Readonly<Record<Field<'numKeys'>, number | bigint>> &
  Readonly<Partial<Record<Field<Exclude<RowCounter, 'numKeys'>>, number | bigint>>>

/** Rows by operation, as a payload holds them. */
export type PayloadRows = Readonly<Record<string, readonly PayloadRow[]>>

/**
 * Count the rows of an unpacked payload in one of the reference's three shapes: bare
 * `{op: [row, …]}`, wrapped `{"MooncakeStoreConnector": {"data": {op: [row, …]}}}` or wrapped flat
 * `{"MooncakeStoreConnector": {op: [row, …]}}`. Entries of other connectors are skipped.
 *
 * @param stats empty stats to count into; incomplete when this throws
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

/** Whether an entry may be an operation: those of other connectors are maps under their names. */
function isOperation([name, value]: [unknown, unknown]): boolean {
  return !(value instanceof Map && typeof name === 'string' && name.endsWith('Connector'))
}

function readRow(operation: string, value: unknown): Row {
  if (!(value instanceof Map)) throw rejection('shape', 'a row to be a map', value)
  const counts = zeroCounts()
  for (const counter of ROW_COUNTER_NAMES) {
    const { field, isRequired } = ROW_COUNTERS[counter]
    if (!isRequired && !value.has(field)) continue
    // A count may be a float; its fraction is cut off, as the reference does.
    counts[counter] = Math.trunc(readNumber(value.get(field), field, COUNT_MAX))
  }
  return {
    operation,
    durationSeconds: readNumber(
      value.get('duration_seconds'),
      'duration_seconds',
      DURATION_SECONDS_MAX,
    ),
    status: value.has('status') ? readString(value.get('status'), 'status') : STATUS_OK,
    ...counts,
  }
}
