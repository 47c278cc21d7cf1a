import { takeBuffer } from './buffer-pool.js'

const encoder = new TextEncoder()

/** Collects an exposition in pooled buffers, which are written to a socket without a copy. */
export class OutputBuffer {
  readonly #full: Uint8Array[] = []
  #current: Uint8Array = new Uint8Array(0)
  #at = 0
  #fullBytes = 0

  /** The bytes so far. */
  get length(): number {
    return this.#fullBytes + this.#at
  }

  text(text: string): void {
    this.bytes(encoder.encode(text))
  }

  /** Append a copy of some bytes. The bytes of one call are always in the same buffer. */
  bytes(bytes: Uint8Array): void {
    if (this.#at + bytes.length > this.#current.length) this.#startBuffer(bytes.length)
    this.#current.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /**
   * Append bytes that the caller writes later, such as a length that is unknown yet. Their initial
   * content is undefined.
   *
   * @returns a view of the bytes, to be written before `take`
   */
  reserve(length: number): Uint8Array {
    if (this.#at + length > this.#current.length) this.#startBuffer(length)
    this.#at += length
    return this.#current.subarray(this.#at - length, this.#at)
  }

  /** All bytes so far. Pass them to `releaseBuffers` after their last use. */
  take(): Uint8Array[] {
    const buffers = [...this.#full, this.#current.subarray(0, this.#at)]
    this.#full.length = 0
    this.#fullBytes = 0
    this.#current = new Uint8Array(0)
    this.#at = 0
    return buffers
  }

  #startBuffer(bytes: number): void {
    if (this.#at > 0) this.#full.push(this.#current.subarray(0, this.#at))
    this.#fullBytes += this.#at
    this.#current = takeBuffer(bytes)
    this.#at = 0
  }
}
