import { Packr, Unpackr } from 'msgpackr'
import { MoonmeterError } from '../errors.js'

const packr = new Packr({ useRecords: false, variableMapSize: true })
/** Maps come back as `Map`, so that a key named `__proto__` is a key like any other. */
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: false })
/** How msgpackr 2 words it when the bytes end too soon. */
const TRUNCATED = /^Unexpected end of MessagePack data|^Offset is outside the bounds/

/**
 * A value as MessagePack, in memory of its own: msgpackr answers a view of its pool, and posting
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
 * @throws MoonmeterError `INVALID_PAYLOAD`, reason `truncated` or `malformed`
 */
export function unpack(bytes: Uint8Array): unknown {
  return guard(() => unpackr.unpack(bytes))
}

/**
 * All values that the bytes hold one behind the other.
 *
 * @throws MoonmeterError `INVALID_PAYLOAD`, reason `truncated` or `malformed`
 */
export function unpackAll(bytes: Uint8Array): unknown[] {
  return guard(() => unpackr.unpackMultiple(bytes) ?? [])
}

function guard<Value>(read: () => Value): Value {
  try {
    return read()
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    const reason = TRUNCATED.test(message) ? 'truncated' : 'malformed'
    throw new MoonmeterError(
      'INVALID_PAYLOAD',
      `payload: expected MessagePack, got bytes that are ${reason} (${message})`,
      { cause, reason },
    )
  }
}
