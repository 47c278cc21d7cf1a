import { Packr, Unpackr } from 'msgpackr'
import { rejection } from './rejection.js'
import { ScanProblem, scanValue } from './scan-msgpack.js'

const packr = new Packr({ useRecords: false, variableMapSize: true })
/** Maps are decoded to `Map`, so that a key named `__proto__` has no special meaning. */
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: false })

/**
 * A value as MessagePack, in memory of its own: msgpackr returns a view of its pool, and posting
 * that would copy the pool.
 *
 * @see https://github.com/msgpack/msgpack/blob/master/spec.md
 */
export function pack(value: unknown): Uint8Array<ArrayBuffer> {
  return new Uint8Array(packr.pack(value))
}

/**
 * The one value that the bytes hold. Maps are `Map`s, binary data is a `Uint8Array` view of the
 * bytes, integers of 64 bits may be BigInt.
 *
 * @throws MoonmeterError `INVALID_PAYLOAD`, reasons `truncated`, `malformed`, `extension`,
 * `nested`, `duplicate` and `type`
 */
export function unpack(bytes: Uint8Array): unknown {
  const end = scan(bytes, 0)
  if (end !== bytes.length) {
    throw rejection('malformed', `one value of ${end} bytes`, bytes)
  }
  try {
    // A view of its own, since msgpackr adds a property to the array that it decodes.
    return unpackr.unpack(bytes.subarray())
  } catch (cause) {
    throw rejection('malformed', 'MessagePack', (cause as Error).message)
  }
}

/**
 * The bytes of each of several concatenated values, as views.
 *
 * @throws MoonmeterError `INVALID_PAYLOAD`, reasons as for `unpack`
 */
export function splitValues(bytes: Uint8Array): Uint8Array[] {
  const values: Uint8Array[] = []
  let start = 0
  do {
    const end = scan(bytes, start)
    values.push(bytes.subarray(start, end))
    start = end
  } while (start < bytes.length)
  return values
}

function scan(bytes: Uint8Array, start: number): number {
  try {
    return scanValue(bytes, start)
  } catch (problem) {
    if (!(problem instanceof ScanProblem)) throw problem
    throw rejection(problem.reason, problem.message, bytes)
  }
}
