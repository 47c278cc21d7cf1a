import { takeChunk } from './chunk-pool.js'

const encoder = new TextEncoder()

/** Puts text together in chunks that go to a socket as they are. */
export class TextWriter {
  readonly #full: Uint8Array[] = []
  #chunk: Uint8Array = new Uint8Array(0)
  #at = 0

  /** Write a string. */
  text(text: string): void {
    this.bytes(encoder.encode(text))
  }

  /** Write a copy of UTF-8; where it ends, a chunk may end too. */
  bytes(bytes: Uint8Array): void {
    if (this.#at + bytes.length > this.#chunk.length) this.#turn(bytes.length)
    this.#chunk.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** The text so far; to be given back to the pool once nobody reads it any more. */
  take(): Uint8Array[] {
    const chunks = [...this.#full, this.#chunk.subarray(0, this.#at)]
    this.#full.length = 0
    this.#chunk = new Uint8Array(0)
    this.#at = 0
    return chunks
  }

  #turn(bytes: number): void {
    if (this.#at > 0) this.#full.push(this.#chunk.subarray(0, this.#at))
    this.#chunk = takeChunk(bytes)
    this.#at = 0
  }
}
