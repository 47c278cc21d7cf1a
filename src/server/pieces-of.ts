/** Yields views of the buffers, in order, of at most the given number of bytes. */
export function* piecesOf(
  buffers: Iterable<Uint8Array>,
  pieceBytes: number,
): Generator<Uint8Array> {
  for (const buffer of buffers) {
    for (let at = 0; at < buffer.length; at += pieceBytes) {
      yield buffer.subarray(at, at + pieceBytes)
    }
  }
}
