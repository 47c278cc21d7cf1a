import { ROW_COUNTER_NAMES, ROW_COUNTERS, type RowCounts } from '../catalogue.js'
import { describe } from '../describe.js'
import { MoonmeterError } from '../errors.js'
import { refuseUnknownOptions } from '../options.js'

/** The largest value of a counter of a row: 64 bits, as in payloads. */
export const COUNT_MAX = 2 ** 64
/** The longest duration of a row, in seconds: sums of 2^53 such rows are still exact. */
export const DURATION_SECONDS_MAX = 2 ** 64
export const STATUS_OK = 'ok'
export const STATUS_PARTIAL_FAILURE = 'partial_failure'
/** The only status that `error_count` counts. */
export const STATUS_ERROR = 'error'
/** The statuses that vLLM uses. Limits on statuses do not apply to them. */
export const KNOWN_STATUSES: readonly string[] = [STATUS_OK, STATUS_PARTIAL_FAILURE, STATUS_ERROR]

/** `Fields` with each field optional. */
type Optional<Fields> = { readonly [Name in keyof Fields]?: Fields[Name] | undefined }

/** The optional values of a row; the defaults are vLLM's. */
export interface RowOptions extends Optional<Omit<RowCounts, 'numKeys'>> {
  /** `ok` (default), `partial_failure`, `error`, or another word. */
  readonly status?: string | undefined
}

/** One call to the store, complete. */
export interface Row extends RowCounts {
  /** Name of the operation. */
  readonly operation: string
  /** Seconds, from 0 to 2^64. */
  readonly durationSeconds: number
  /** `ok`, `partial_failure`, `error`, or another word. */
  readonly status: string
}

/** The names of `RowOptions` and of the other fields of a row: callers may pass a complete row. */
export const ROW_FIELDS: readonly string[] = [
  ...ROW_COUNTER_NAMES,
  'status',
  'operation',
  'durationSeconds',
]

/**
 * A row with its defaults filled in and its counters truncated to integers, as vLLM's `reduce`
 * does.
 *
 * @throws MoonmeterError `INVALID_ROW` when a number is negative, NaN or infinite, a duration or a
 * counter above 2^64, or a name is not a string; `INVALID_OPTION` for an unknown option
 */
export function makeRow(
  operation: string,
  durationSeconds: number,
  numKeys: number,
  options: RowOptions = {},
): Row {
  refuseUnknownOptions('a row', options, ROW_FIELDS)
  const { status = STATUS_OK } = options
  checkName('operation', operation)
  checkName('status', status)
  checkNumber('durationSeconds', durationSeconds, DURATION_SECONDS_MAX)
  const given: Readonly<Record<string, number | string | undefined>> = { ...options, numKeys }
  const counts = ROW_COUNTER_NAMES.map((name) => {
    const { [name]: value = ROW_COUNTERS[name].isRequired ? undefined : 0 } = given
    return [name, requireCount(name, value)] as const
  })
  return { operation, durationSeconds, status, ...(Object.fromEntries(counts) as RowCounts) }
}

/**
 * A counter of a row, truncated to an integer.
 *
 * @throws MoonmeterError `INVALID_ROW` when it is not a number from 0 to 2^64
 */
export function requireCount(field: string, value: unknown): number {
  return Math.trunc(checkNumber(field, value, COUNT_MAX))
}

function checkNumber(field: string, value: unknown, max: number): number {
  if (typeof value === 'number' && value >= 0 && value <= max) return value
  throw new MoonmeterError(
    'INVALID_ROW',
    `${field}: expected a number from 0 to ${max}, got ${describe(value)}; the row was dropped`,
  )
}

function checkName(field: string, value: unknown): void {
  if (typeof value === 'string') return
  throw new MoonmeterError(
    'INVALID_ROW',
    `${field}: expected a string, got ${describe(value)}; the row was dropped`,
  )
}
