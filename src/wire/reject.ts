import { MoonmeterError, type RejectionReason } from '../errors.js'
import { fitsLabel, LABEL_BYTES_MAX } from '../stats/label.js'
import { COUNT_MAX } from '../stats/row.js'

/** The largest sum of counts that rows can have. */
const TOTAL_MAX = COUNT_MAX * Number.MAX_SAFE_INTEGER

/** Refuse a payload: the error to throw. */
export function rejection(reason: RejectionReason, expected: string, got: unknown): MoonmeterError {
  return new MoonmeterError(
    'INVALID_PAYLOAD',
    `payload: expected ${expected}, got ${describe(got)}; nothing of it was counted`,
    { reason },
  )
}

/** A number from the wire that must be finite and not negative; 64-bit integers come as BigInt. */
export function readNumber(value: unknown, what: string): number {
  const number = typeof value === 'bigint' ? Number(value) : value
  if (typeof number !== 'number') throw rejection('type', `${what} to be a number`, value)
  if (number >= 0 && number < Number.POSITIVE_INFINITY) return number
  throw rejection('range', `${what} to be finite and not negative`, value)
}

/** The sum of a count over many rows, from the wire: an integer, though perhaps past 2^53. */
export function readTotal(value: unknown, what: string): number {
  const number = readNumber(value, what)
  if (Number.isInteger(number) && number <= TOTAL_MAX) return number
  throw rejection('range', `${what} to be an integer up to ${TOTAL_MAX}`, value)
}

/** An integer from the wire, from 0 to the largest safe one. */
export function readInteger(value: unknown, what: string): number {
  const number = readNumber(value, what)
  if (Number.isSafeInteger(number)) return number
  throw rejection('range', `${what} to be an integer below 2^53`, value)
}

/** A number that counts from 1, from the wire. */
export function readOrdinal(value: unknown, what: string): number {
  const number = readInteger(value, what)
  if (number >= 1) return number
  throw rejection('range', `${what} to be 1 or more`, value)
}

/** A string from the wire. */
export function readString(value: unknown, what: string): string {
  if (typeof value === 'string') return value
  throw rejection('type', `${what} to be a string`, value)
}

/** The name of an operation or a status in a report, which a recorder has made short enough. */
export function readLabel(value: unknown, what: string): string {
  const label = readString(value, what)
  if (fitsLabel(label)) return label
  throw rejection('range', `${what} of at most ${LABEL_BYTES_MAX} bytes`, label)
}

/** An array from the wire. */
export function readArray(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw rejection('type', `${what} to be an array`, value)
}

/** Binary data from the wire. */
export function readBytes(value: unknown, what: string): Uint8Array {
  if (value instanceof Uint8Array) return value
  throw rejection('type', `${what} to be binary`, value)
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (value instanceof Map) return `a map of ${value.size}`
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (typeof value === 'object') return `an extension type (${value.constructor?.name})`
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > DESCRIPTION_CHARACTERS_MAX
    ? `${text.slice(0, DESCRIPTION_CHARACTERS_MAX)}…`
    : text
}

/** A hostile payload must not become a hostile log line. */
const DESCRIPTION_CHARACTERS_MAX = 64
