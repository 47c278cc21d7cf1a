import { types } from 'node:util'
import { fitsLabel, LABEL_BYTES_MAX } from '../stats/bounded-names.js'
import { COUNT_MAX } from '../stats/row.js'
import { rejection } from './rejection.js'

/** The largest sum of a counter over many rows. */
const TOTAL_MAX = COUNT_MAX * Number.MAX_SAFE_INTEGER

/** A number from 0 to a maximum; the decoder returns 64-bit integers as BigInt. */
export function readNumber(value: unknown, what: string, max = Number.MAX_VALUE): number {
  const number = typeof value === 'bigint' ? Number(value) : value
  if (typeof number !== 'number') throw rejection('type', `${what} to be a number`, value)
  if (number >= 0 && number <= max) return number
  throw rejection('range', `${what} to be from 0 to ${max}`, value)
}

/** The sum of a counter over many rows: an integer, which may be past 2^53. */
export function readTotal(value: unknown, what: string): number {
  const number = readNumber(value, what, TOTAL_MAX)
  if (Number.isInteger(number)) return number
  throw rejection('range', `${what} to be an integer`, value)
}

/** An integer from 1. */
export function readOrdinal(value: unknown, what: string): number {
  const number = readNumber(value, what)
  if (number >= 1 && Number.isSafeInteger(number)) return number
  throw rejection('range', `${what} to be an integer from 1 to below 2^53`, value)
}

export function readString(value: unknown, what: string): string {
  if (typeof value === 'string') return value
  throw rejection('type', `${what} to be a string`, value)
}

/** The name of an operation or a status in a report. Recorders write no longer names. */
export function readLabel(value: unknown, what: string): string {
  const label = readString(value, what)
  if (fitsLabel(label)) return label
  throw rejection('range', `${what} of at most ${LABEL_BYTES_MAX} bytes`, label)
}

export function readArray(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw rejection('type', `${what} to be an array`, value)
}

export function readMap(value: unknown): ReadonlyMap<unknown, unknown> {
  if (types.isMap(value)) return value
  throw rejection('type', 'a map', value)
}

// Checks the kind of the object, not its class, since each realm has its own classes.
export function readBytes(value: unknown, what: string): Uint8Array {
  if (types.isUint8Array(value)) return value
  throw rejection('type', `${what} to be binary`, value)
}
