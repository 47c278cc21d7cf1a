/** Bytes of a pooled buffer. Buffers are written to sockets without a copy. */
const BUFFER_BYTES = 2 ** 18
/** Maximum number of buffers kept for the next scrape: enough for some thousand engines. */
const BUFFERS_KEPT_MAX = 128

const kept: Uint8Array[] = []
/** The buffers of this pool that are in use. The pool accepts no others. */
const lent = new WeakSet<ArrayBufferLike>()

/**
 * Take a buffer of at least the given size. Buffers are reused, since page faults of new memory
 * take longer than writing the text.
 */
export function takeBuffer(bytes: number): Uint8Array {
  if (bytes > BUFFER_BYTES) return new Uint8Array(bytes)
  const buffer = kept.pop() ?? new Uint8Array(BUFFER_BYTES)
  lent.add(buffer.buffer)
  return buffer
}

/** Return buffers, or views of them, after their last use; others are ignored. */
export function releaseBuffers(buffers: readonly Uint8Array[]): void {
  for (const { buffer } of buffers) {
    if (!lent.delete(buffer) || kept.length >= BUFFERS_KEPT_MAX) continue
    kept.push(new Uint8Array(buffer))
  }
}
