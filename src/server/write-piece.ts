import type { ServerResponse } from 'node:http'

/**
 * Write to a response.
 *
 * @returns whether it is full: `drain` follows when it takes more. Applications often replace `write` by
 * one that returns nothing.
 */
export function writePiece(response: ServerResponse, piece: Uint8Array): boolean {
  const takesMore: unknown = response.write(piece)
  return takesMore === undefined ? response.writableNeedDrain === true : takesMore === false
}
