import { readFloats, writeFloats } from '../wire/binary.js'
import { pack, unpack } from '../wire/msgpack.js'
import { rejection } from '../wire/rejection.js'
import { readBytes, readMap, readNumber } from '../wire/validation.js'
import { DIGEST_BYTES } from '../payloads/recent-keys.js'

const ROWS_KEY = 'moonmeter_rows'
const ROWS_VERSION = 1
/** Keys that an entry may have: the largest value of the option `keysMax`. */
export const ENTRY_KEYS_MAX = 16_384
const TIME_BYTES = Float64Array.BYTES_PER_ELEMENT

/** A key of a payload that is in the sum, and when the server took the entry that had it first. */
export type KeyTime = readonly [digest: string, timeMs: number]

/** The entry of an engine's rows: their sum, and the keys of the last payloads that are in it. */
export interface RowsEntry {
  /** The oldest first, with the time in milliseconds since 1970. */
  readonly keys: readonly KeyTime[]
  /** A report, whose incarnation tells this entry from one that was deleted. */
  readonly report: Uint8Array
}

/**
 * The entry as MessagePack: a map with the digests of the keys, their times as float64, and the report.
 *
 * @param entry its newest keys have the time 0: that at which the server takes this entry
 */
export function encodeRows({ keys, report }: RowsEntry): Uint8Array<ArrayBuffer> {
  return pack({
    [ROWS_KEY]: ROWS_VERSION,
    keys: new Uint8Array(Buffer.from(keys.map(([digest]) => digest).join(''), 'latin1')),
    times: writeFloats(keys.map(([, timeMs]) => timeMs)),
    report,
  })
}

/**
 * An entry with its keys checked, and the bytes of its report.
 *
 * @param createdMs when the server took it, in milliseconds since 1970
 * @throws MoonmeterError `INVALID_PAYLOAD`, as `unpack`, and reasons `version`, `type` and `range`
 */
export function readRows(value: Uint8Array, createdMs: number): RowsEntry {
  const map = readMap(unpack(Buffer.from(value.buffer, value.byteOffset, value.length)))
  const version = map.get(ROWS_KEY)
  if (version !== ROWS_VERSION) {
    throw rejection('version', `an entry of rows of version ${ROWS_VERSION}`, version)
  }
  const keyBytes = Buffer.from(readBytes(map.get('keys'), 'keys'))
  const timeBytes = readBytes(map.get('times'), 'times')
  const count = keyBytes.length / DIGEST_BYTES
  if (
    !Number.isInteger(count) ||
    count > ENTRY_KEYS_MAX ||
    timeBytes.length !== count * TIME_BYTES
  ) {
    const expected = `up to ${ENTRY_KEYS_MAX} keys of ${DIGEST_BYTES} bytes, each with a time`
    throw rejection('range', expected, `${keyBytes.length} and ${timeBytes.length} bytes`)
  }
  const keys = Array.from(readFloats(timeBytes), (timeMs, index): KeyTime => {
    const start = index * DIGEST_BYTES
    const digest = keyBytes.toString('latin1', start, start + DIGEST_BYTES)
    return [digest, readNumber(timeMs, 'the time of a key') || createdMs]
  })
  return { keys, report: readBytes(map.get('report'), 'the report of an entry of rows') }
}
