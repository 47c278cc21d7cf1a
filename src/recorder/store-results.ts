import { types } from 'node:util'

/** The number of failed keys: those whose result is a number below zero. */
export function countNegative(result: unknown, numKeys: number): number {
  return codesOf(result, numKeys)?.filter(isNegative).length ?? 0
}

/** The number of keys that a lookup found: those whose result is `true` or a number above zero. */
export function countHits(result: unknown, numKeys: number): number {
  const isHit = (code: unknown) => code === true || (isNumber(code) && code > 0)
  const hits = codesOf(result, numKeys)?.filter(isHit).length ?? 0
  return Math.min(hits, numKeys)
}

/**
 * The bytes of the failed keys, read from the argument that has one element per key. Undefined
 * without such an argument, or if the result does not have one code per key.
 */
export function failedBytes(
  rest: readonly unknown[],
  result: unknown,
  numKeys: number,
): number | undefined {
  const codes = codesOf(result, numKeys)
  const perKey = rest.find((part) => {
    return Array.isArray(part) && part.length === numKeys && sumBytes(part) > 0
  })
  if (codes?.length !== numKeys || !Array.isArray(perKey)) return undefined
  return perKey.reduce((bytes: number, part: unknown, key) => {
    return isNegative(codes[key]) ? bytes + sumBytes(part) : bytes
  }, 0)
}

/** The bytes of all buffers in a value, nested arrays included. */
export function sumBytes(value: unknown): number {
  return Array.isArray(value) ? sumParts(value, new Map()) : bytesOf(value)
}

/**
 * @param known bytes of the arrays that were read: an array may occur several times, or contain
 * itself
 */
function sumParts(parts: readonly unknown[], known: Map<readonly unknown[], number>): number {
  let bytes = known.get(parts)
  if (bytes !== undefined) return bytes
  bytes = 0
  known.set(parts, bytes)
  for (const part of parts) bytes += Array.isArray(part) ? sumParts(part, known) : bytesOf(part)
  known.set(parts, bytes)
  return bytes
}

function bytesOf(value: unknown): number {
  return ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value) ? value.byteLength : 0
}

/** A typed array whose length differs from the number of keys is data, not a code per key. */
function codesOf(result: unknown, numKeys: number): readonly unknown[] | undefined {
  const isCodes = types.isTypedArray(result) && result.length === numKeys
  return Array.isArray(result) || isCodes ? Array.from(result) : undefined
}

function isNegative(code: unknown): boolean {
  return isNumber(code) && code < 0
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}
