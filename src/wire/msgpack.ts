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
 * The bytes of each of several values that stand one behind the other, as views.
 *
 * @throws MoonmeterError `INVALID_PAYLOAD`, reason `truncated` or `malformed`
 */
export function splitValues(bytes: Uint8Array): Uint8Array[] {
  const values: Uint8Array[] = []
  guard(() =>
    unpackr.unpackMultiple(bytes, (_value: unknown, start?: number, end?: number) => {
      values.push(bytes.subarray(start, end))
    }),
  )
  return values
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
