import { MoonmeterError } from '../errors.js'
import { refuseUnknownOptions } from '../options.js'

/** The largest count a row may have: 64 bits, as on the wire. Sums stay far from infinity. */
export const COUNT_MAX = 2 ** 64
/** The status of a call that went wholly well, and of a row that names none. */
export const STATUS_OK = 'ok'
/** Some keys of the call failed, not all. */
export const STATUS_PARTIAL_FAILURE = 'partial_failure'
/** The only status that `error_count` counts. */
export const STATUS_ERROR = 'error'

/** What a row may leave out; the defaults are those of the reference. */
export interface RowOptions {
  /** Bytes the call attempted to move, whether or not it failed; default 0. */
  readonly numBytes?: number | undefined
  /** `ok` (default), `partial_failure`, `error`, or any other word. */
  readonly status?: string | undefined
  /** Keys that failed; default 0. */
  readonly numFailedKeys?: number | undefined
}

/** One call to the store, complete. */
export interface Row {
  readonly operation: string
  readonly durationSeconds: number
  readonly numKeys: number
  readonly numBytes: number
  readonly status: string
  readonly numFailedKeys: number
}

/** The names of `RowOptions`, and of the rest of a row, which may be handed in whole. */
export const ROW_OPTIONS = [
  'numBytes',
  'status',
  'numFailedKeys',
  'operation',
  'durationSeconds',
  'numKeys',
]

/**
 * A row with its defaults filled in and its counts truncated to integers, as the reference's
 * `reduce` does.
 *
 * @throws MoonmeterError `INVALID_ROW` when a number is negative, NaN or infinite, a count is above
 * `COUNT_MAX`, or a name is no string; `INVALID_OPTION` for an unknown option
 */
export function makeRow(
  operation: string,
  durationSeconds: number,
  numKeys: number,
  options: RowOptions = {},
): Row {
  refuseUnknownOptions('a row', options, ROW_OPTIONS)
  const { numBytes = 0, status = STATUS_OK, numFailedKeys = 0 } = options
  checkName('operation', operation)
  checkName('status', status)
  checkNumber('duration_seconds', durationSeconds, Number.MAX_VALUE)
  checkNumber('num_keys', numKeys, COUNT_MAX)
  checkNumber('num_bytes', numBytes, COUNT_MAX)
  checkNumber('num_failed_keys', numFailedKeys, COUNT_MAX)
  return {
    operation,
    durationSeconds,
    numKeys: Math.trunc(numKeys),
    numBytes: Math.trunc(numBytes),
    status,
    numFailedKeys: Math.trunc(numFailedKeys),
  }
}

function checkNumber(field: string, value: number, max: number): void {
  if (typeof value === 'number' && value >= 0 && value <= max) return
  throw new MoonmeterError(
    'INVALID_ROW',
    `${field}: expected a number from 0 to ${max}, got ${String(value)}; the row was dropped`,
  )
}

function checkName(field: string, value: string): void {
  if (typeof value === 'string') return
  throw new MoonmeterError(
    'INVALID_ROW',
    `${field}: expected a string, got ${typeof value}; the row was dropped`,
  )
}
