/** Bytes of a chunk of text; chunks go to a socket as they are. */
const CHUNK_BYTES = 2 ** 18
/** Chunks kept for the next scrape: as many as a scrape of some thousand engines takes. */
const CHUNKS_KEPT_MAX = 128

const kept: Uint8Array[] = []

/**
 * Memory for text. It is kept from scrape to scrape, for touching fresh memory costs more than
 * writing the text does.
 */
export function takeChunk(bytes: number): Uint8Array {
  if (bytes > CHUNK_BYTES) return new Uint8Array(bytes)
  return kept.pop() ?? new Uint8Array(CHUNK_BYTES)
}

/** Give chunks back that nobody reads any more. */
export function releaseChunks(chunks: readonly Uint8Array[]): void {
  for (const { buffer } of chunks) {
    if (buffer.byteLength !== CHUNK_BYTES || kept.length >= CHUNKS_KEPT_MAX) continue
    kept.push(new Uint8Array(buffer))
  }
}
