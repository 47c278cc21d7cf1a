/** The buffers, one after another, in pieces of at most so many bytes; views of them. */
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
