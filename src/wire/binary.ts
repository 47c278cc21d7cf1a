import { types } from 'node:util'
import { rejection } from './rejection.js'

/** Bytes of an integer that are read and written at once, so that their value is a safe integer. */
const GROUP_BYTES = 6
const GROUP_BITS = 48n

/** The prototype with the getters of typed arrays, which also work on those of other realms. */
const TYPED_ARRAY: object = Object.getPrototypeOf(Uint8Array.prototype)

/**
 * Check bytes of a caller: a `Uint8Array` of any realm, or a `Buffer`. Shared or resizable memory
 * is copied, since other code could change it between a check and its use, and msgpackr's native
 * part crashes on shared memory.
 *
 * @param bytesMax maximum number of bytes
 * @throws MoonmeterError `INVALID_PAYLOAD`, reason `type` for anything else, and for an array whose
 * memory was transferred; `oversized` past the limit
 */
export function ownBytes(given: unknown, bytesMax: number): Buffer {
  if (!types.isUint8Array(given)) throw rejection('type', 'a Uint8Array', given)
  if (!hasMemory(given)) throw rejection('type', 'bytes whose memory was not transferred', given)
  const length = Reflect.get(TYPED_ARRAY, 'length', given)
  if (length > bytesMax) throw rejection('oversized', `at most ${bytesMax} bytes`, given)
  const buffer = Reflect.get(TYPED_ARRAY, 'buffer', given)
  const bytes = Buffer.from(buffer, Reflect.get(TYPED_ARRAY, 'byteOffset', given), length)
  const isFixed = types.isArrayBuffer(buffer) && Reflect.get(buffer, 'resizable') !== true
  return isFixed ? bytes : Buffer.from(bytes)
}

/** Whether an array has its memory: not after a transfer, nor after its buffer was made shorter. */
function hasMemory(bytes: Uint8Array): boolean {
  try {
    Uint8Array.prototype.at.call(bytes, 0)
    return true
  } catch {
    return false
  }
}

/** Float64 as little-endian bytes. */
export function writeFloats(values: readonly number[]): Uint8Array {
  return new Uint8Array(Float64Array.from(values).buffer)
}

/** Little-endian bytes as float64; bytes after the last complete number are ignored. */
export function readFloats(bytes: Uint8Array): Float64Array {
  // Copied, since a float64 array must start at a multiple of 8.
  return new Float64Array(
    new Uint8Array(bytes).buffer,
    0,
    Math.floor(bytes.length / Float64Array.BYTES_PER_ELEMENT),
  )
}

/** A non-negative integer as the shortest little-endian bytes. */
export function writeInteger(value: bigint): Uint8Array {
  const bytes: number[] = []
  for (let rest = value; rest > 0n; rest >>= GROUP_BITS) {
    let group = Number(BigInt.asUintN(Number(GROUP_BITS), rest))
    for (let byte = 0; byte < GROUP_BYTES; byte++) {
      bytes.push(group % 256)
      group = Math.floor(group / 256)
    }
  }
  while (bytes.at(-1) === 0) bytes.pop()
  return Uint8Array.from(bytes)
}

/** Little-endian bytes as a non-negative integer. */
export function readInteger(bytes: Uint8Array): bigint {
  let value = 0n
  const groups = Math.ceil(bytes.length / GROUP_BYTES)
  for (let start = (groups - 1) * GROUP_BYTES; start >= 0; start -= GROUP_BYTES) {
    let group = 0
    const end = Math.min(start + GROUP_BYTES, bytes.length)
    for (let at = end - 1; at >= start; at--) group = group * 256 + bytes[at]
    value = (value << GROUP_BITS) + BigInt(group)
  }
  return value
}
