import { ROW_COUNTER_NAMES, ROW_COUNTERS, type RowCounter } from '../catalogue.js'
import type { ConnectorStats } from '../stats/connector-stats.js'
import { zeroCounts } from '../stats/packed-series.js'
import { COUNT_MAX, DURATION_SECONDS_MAX, type Row, STATUS_OK } from '../stats/row.js'
import { rejection } from './rejection.js'
import { readArray, readNumber, readString } from './validation.js'

/** The key under which a multi-connector payload carries this connector's stats. */
export const CONNECTOR_KEY = 'MooncakeStoreConnector'
/** The key within that entry that contains the operations if vLLM packed the whole stats object. */
export const DATA_KEY = 'data'

/** vLLM's name of a counter. */
type Field<Counter extends RowCounter> = (typeof ROW_COUNTERS)[Counter]['field']

/** A row with vLLM's field names: a duration of up to 2^64 s, and counters of up to 64 bits. */
export type PayloadRow = {
  readonly duration_seconds: number | bigint
  readonly status?: string
} & Readonly<Record<Field<'numKeys'>, number | bigint>> &
  Readonly<Partial<Record<Field<Exclude<RowCounter, 'numKeys'>>, number | bigint>>>

/** Rows by operation, as a payload holds them. */
export type PayloadRows = Readonly<Record<string, readonly PayloadRow[]>>

/** The values of a row before validation, by vLLM's field names; `undefined` means missing. */
export type RowFields = Readonly<Record<string, unknown>>

/** The fields of a row that are read; others are ignored. */
export const ROW_FIELD_NAMES: readonly string[] = [
  'duration_seconds',
  'status',
  ...ROW_COUNTER_NAMES.map((counter) => ROW_COUNTERS[counter].field),
]

/**
 * Validate a row.
 *
 * @throws MoonmeterError `INVALID_PAYLOAD`, reasons `type` and `range`
 */
export function readRow(operation: string, fields: RowFields): Row {
  const { duration_seconds: durationSeconds, status = STATUS_OK } = fields
  const counts = zeroCounts()
  for (const counter of ROW_COUNTER_NAMES) {
    const { field, isRequired } = ROW_COUNTERS[counter]
    const { [field]: count } = fields
    if (count === undefined && !isRequired) continue
    // A count may be a float; it is truncated, as in vLLM.
    counts[counter] = Math.trunc(readNumber(count, field, COUNT_MAX))
  }
  return {
    operation,
    durationSeconds: readNumber(durationSeconds, 'duration_seconds', DURATION_SECONDS_MAX),
    status: readString(status, 'status'),
    ...counts,
  }
}

/**
 * Validate and count decoded rows.
 *
 * @param stats empty stats to count into; incomplete when this throws
 * @throws MoonmeterError `INVALID_PAYLOAD`, reasons `shape`, `type` and `range`
 */
export function addRowObjects(rows: unknown, stats: ConnectorStats): void {
  for (const [operation, list] of Object.entries(readObject(rows, 'an object of operations'))) {
    stats.declare(operation)
    for (const row of readArray(list, 'the rows of an operation')) {
      stats.addRow(readRow(operation, readObject(row, 'a row to be an object')))
    }
  }
}

function readObject(value: unknown, expected: string): RowFields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw rejection('shape', expected, value)
}
