// These entries, unlike that of the package, do not load its native part: that crashes on shared
// memory, and takes longer to load in a new thread than all that is used here.
import { Packr } from 'msgpackr/pack'
import { Unpackr } from 'msgpackr/unpack'
import { messageOf } from '../describe.js'
import { MsgpackCursor } from './msgpack-cursor.js'
import { rejection } from './rejection.js'
import { scanValue } from './scan-msgpack.js'

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
export function unpack(bytes: Buffer): unknown {
  scanValue(bytes)
  try {
    // A view of its own, since msgpackr adds a property to the array that it decodes; no Buffer,
    // whose slices take longer to make.
    return unpackr.unpack(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length))
  } catch (cause) {
    throw rejection('malformed', 'MessagePack', messageOf(cause))
  }
}

/**
 * The bytes of each of several concatenated values, as views; found as they are taken, since there
 * may be as many as bytes.
 *
 * @throws MoonmeterError `INVALID_PAYLOAD`, reasons `truncated` and `malformed`
 */
export function* splitValues(bytes: Buffer): Generator<Buffer> {
  const cursor = new MsgpackCursor(bytes)
  do {
    const start = cursor.at
    cursor.skip()
    yield bytes.subarray(start, cursor.at)
  } while (!cursor.isAtEnd)
}
