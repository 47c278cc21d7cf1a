import type { ServerResponse } from 'node:http'

/**
 * Write to a response.
 *
 * @returns whether its buffer is full, in which case `drain` follows. Some applications replace
 * `write` by a function that returns nothing, so the result of `write` is not used.
 */
export function writePiece(response: ServerResponse, piece: Uint8Array): boolean {
  const takesMore: unknown = response.write(piece)
  return takesMore === undefined ? response.writableNeedDrain === true : takesMore === false
}
