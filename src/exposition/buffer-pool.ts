/** Bytes of a pooled buffer; buffers go to a socket as they are. */
const BUFFER_BYTES = 2 ** 18
/** Buffers kept for the next scrape: as many as a scrape of some thousand engines takes. */
const BUFFERS_KEPT_MAX = 128

const kept: Uint8Array[] = []
/** The memory of this pool that is in use: no other memory is ever taken into it. */
const lent = new WeakSet<ArrayBufferLike>()

/**
 * A buffer of at least so many bytes. Buffers are kept from scrape to scrape, since touching fresh
 * memory takes longer than writing the text.
 */
export function takeBuffer(bytes: number): Uint8Array {
  if (bytes > BUFFER_BYTES) return new Uint8Array(bytes)
  const buffer = kept.pop() ?? new Uint8Array(BUFFER_BYTES)
  lent.add(buffer.buffer)
  return buffer
}

/** Give buffers, or views of them, back after their last use; others are ignored. */
export function releaseBuffers(buffers: readonly Uint8Array[]): void {
  for (const { buffer } of buffers) {
    if (!lent.delete(buffer) || kept.length >= BUFFERS_KEPT_MAX) continue
    kept.push(new Uint8Array(buffer))
  }
}
