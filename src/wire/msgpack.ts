// These entries do not load msgpackr's native part, unlike its main entry: the native part crashes
// on shared memory, and takes longer to load in a new thread than both entries.
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
 * A value as MessagePack, in separate memory: msgpackr returns a view of its pool, and
 * `postMessage` of the view would copy the pool.
 *
 * @see https://github.com/msgpack/msgpack/blob/master/spec.md
 */
export function pack(value: unknown): Uint8Array<ArrayBuffer> {
  return new Uint8Array(packr.pack(value))
}

/**
 * Decode bytes that contain one value. Maps are `Map`s, binary data is a `Uint8Array` view of the
 * bytes, integers of 64 bits may be BigInt.
 *
 * @throws MoonmeterError `INVALID_PAYLOAD`, reasons `truncated`, `malformed`, `extension`,
 * `nested`, `duplicate` and `type`
 */
export function unpack(bytes: Buffer): unknown {
  scanValue(bytes)
  try {
    // A new view, since msgpackr adds a property to the array that it decodes, and not a Buffer,
    // whose slices take longer to create.
    return unpackr.unpack(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length))
  } catch (cause) {
    throw rejection('malformed', 'MessagePack', messageOf(cause))
  }
}

/**
 * A view of the bytes of each of several concatenated values. A generator, since there may be as
 * many values as bytes.
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
