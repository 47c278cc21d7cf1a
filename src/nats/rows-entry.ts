import { readFloats, writeFloats } from '../wire/binary.js'
import { pack, unpack } from '../wire/msgpack.js'
import { rejection } from '../wire/rejection.js'
import { readBytes, readMap, readNumber } from '../wire/validation.js'
import { BODY_BYTES, DIGEST_BYTES, type KeptKey, NO_BODY } from '../payloads/recent-keys.js'

const ROWS_KEY = 'moonmeter_rows'
const ROWS_VERSION = 1
/** Maximum number of keys of an entry: the largest value of the option `keysMax`. */
export const ENTRY_KEYS_MAX = 16_384
const TIME_BYTES = Float64Array.BYTES_PER_ELEMENT

/** The entry of an engine's rows: their sum, and the keys of the last payloads in it. */
export interface RowsEntry {
  /**
   * The keys, oldest first, with the times at which the server stored the first entry with them, in
   * milliseconds since 1970.
   */
  readonly keys: readonly KeptKey[]
  /** The sum as a report. Its incarnation number distinguishes this entry from deleted ones. */
  readonly report: Uint8Array
}

/**
 * Encode the entry as MessagePack: a map with the digests of the keys, those of their payloads, their
 * times as float64, and the report. An aggregator that does not know the digests of payloads ignores
 * them.
 *
 * @param entry its new keys have the time 0, which stands for the time at which the server stores
 * this entry
 */
export function encodeRows({ keys, report }: RowsEntry): Uint8Array<ArrayBuffer> {
  return pack({
    [ROWS_KEY]: ROWS_VERSION,
    keys: bytesOf(keys.map(({ digest }) => digest)),
    bodies: bytesOf(keys.map(({ body }) => body)),
    times: writeFloats(keys.map(({ timeMs }) => timeMs)),
    report,
  })
}

/**
 * Decode an entry and validate its keys, but not its report.
 *
 * @param createdMs the time at which the server stored it, in milliseconds since 1970
 * @throws MoonmeterError `INVALID_PAYLOAD`, as `unpack`, and reasons `version`, `type` and `range`
 */
export function readRows(value: Uint8Array, createdMs: number): RowsEntry {
  const map = readMap(unpack(Buffer.from(value.buffer, value.byteOffset, value.length)))
  const version = map.get(ROWS_KEY)
  if (version !== ROWS_VERSION) {
    throw rejection('version', `an entry of rows of version ${ROWS_VERSION}`, version)
  }
  const keyBytes = readBytes(map.get('keys'), 'keys')
  const bodyBytes = map.has('bodies') ? readBytes(map.get('bodies'), 'bodies') : undefined
  const timeBytes = readBytes(map.get('times'), 'times')
  const count = keyBytes.length / DIGEST_BYTES
  if (
    !Number.isInteger(count) ||
    count > ENTRY_KEYS_MAX ||
    timeBytes.length !== count * TIME_BYTES ||
    (bodyBytes !== undefined && bodyBytes.length !== count * BODY_BYTES)
  ) {
    const expected = `up to ${ENTRY_KEYS_MAX} keys of ${DIGEST_BYTES} bytes, each with a time`
    throw rejection('range', expected, `${keyBytes.length} and ${timeBytes.length} bytes`)
  }
  const keys = Array.from(readFloats(timeBytes), (timeMs, index): KeptKey => {
    return {
      digest: textAt(keyBytes, index, DIGEST_BYTES),
      body: bodyBytes === undefined ? NO_BODY : textAt(bodyBytes, index, BODY_BYTES),
      timeMs: readNumber(timeMs, 'the time of a key') || createdMs,
    }
  })
  return { keys, report: readBytes(map.get('report'), 'the report of an entry of rows') }
}

/** Texts of one character per byte, as bytes. */
function bytesOf(texts: readonly string[]): Uint8Array {
  return new Uint8Array(Buffer.from(texts.join(''), 'latin1'))
}

/** One of several texts of the same length. */
function textAt(bytes: Uint8Array, index: number, length: number): string {
  return Buffer.from(bytes.subarray(index * length, (index + 1) * length)).toString('latin1')
}
