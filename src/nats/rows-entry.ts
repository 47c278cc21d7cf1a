import { readFloats, writeFloats } from '../wire/binary.js'
import { pack, unpack } from '../wire/msgpack.js'
import { rejection } from '../wire/rejection.js'
import { readBytes, readMap, readNumber } from '../wire/validation.js'
import { DIGEST_BYTES } from '../payloads/recent-keys.js'

const ROWS_KEY = 'moonmeter_rows'
const ROWS_VERSION = 1
/** Maximum number of keys of an entry: the largest value of the option `keysMax`. */
export const ENTRY_KEYS_MAX = 16_384
const TIME_BYTES = Float64Array.BYTES_PER_ELEMENT

/**
 * The key of a payload in the sum, and the time at which the server stored the first entry with it.
 */
export type KeyTime = readonly [digest: string, timeMs: number]

/** The entry of an engine's rows: their sum, and the keys of the last payloads in it. */
export interface RowsEntry {
  /** The keys, oldest first, with times in milliseconds since 1970. */
  readonly keys: readonly KeyTime[]
  /** The sum as a report. Its incarnation number distinguishes this entry from deleted ones. */
  readonly report: Uint8Array
}

/**
 * Encode the entry as MessagePack: a map with the digests of the keys, their times as float64, and
 * the report.
 *
 * @param entry its new keys have the time 0, which stands for the time at which the server stores
 * this entry
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
