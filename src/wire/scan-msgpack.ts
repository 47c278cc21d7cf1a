import { MsgpackCursor } from './msgpack-cursor.js'
import { rejection } from './rejection.js'

/**
 * Maximum depth: a report has four levels, `{series: [[operation, status, [counter], …]]}`; one
 * more is allowed.
 */
const DEPTH_MAX = 5

/**
 * Check bytes that contain one value before a decoder reads them: decoders create objects of
 * extension types, keep the last of equal keys, and recurse to any depth.
 *
 * @throws MoonmeterError `INVALID_PAYLOAD`, reason `truncated` or `malformed`, `extension` for an
 * extension type, `type` or `duplicate` for a key that is not a string or occurs twice, `nested`
 * for more than `DEPTH_MAX` levels
 */
export function scanValue(bytes: Buffer): void {
  const cursor = new MsgpackCursor(bytes)
  scan(cursor, 0)
  cursor.assertEnd()
}

function scan(cursor: MsgpackCursor, depth: number): void {
  const kind = cursor.next()
  if (kind === 'array' || kind === 'map') {
    if (depth >= DEPTH_MAX) throw rejection('nested', `at most ${DEPTH_MAX} levels`, cursor.bytes)
    if (kind === 'array') for (let left = cursor.size; left > 0; left--) scan(cursor, depth + 1)
    else scanMembers(cursor, depth + 1)
  } else if (kind === 'string') cursor.skipText()
  else if (kind !== 'extension') cursor.at += cursor.size
  else throw rejection('extension', 'no extension types', cursor.bytes)
}

function scanMembers(cursor: MsgpackCursor, depth: number): void {
  const keys = new Set<string>()
  for (let left = cursor.size; left > 0; left--) {
    if (cursor.next() !== 'string') {
      throw rejection('type', 'the keys of maps to be strings', cursor.bytes)
    }
    const key = cursor.takeText()
    if (keys.has(key)) throw rejection('duplicate', 'each key of a map once', key)
    keys.add(key)
    scan(cursor, depth)
  }
}
