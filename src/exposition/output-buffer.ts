import { takeBuffer } from './buffer-pool.js'

const encoder = new TextEncoder()

/** Collects an exposition in pooled buffers that go to a socket as they are. */
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

  /** Append a copy of some bytes. A buffer only ends between two calls, never inside of one. */
  bytes(bytes: Uint8Array): void {
    if (this.#at + bytes.length > this.#current.length) this.#startBuffer(bytes.length)
    this.#current.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /**
   * Append bytes that are written later, such as a length that is not known yet; until then they
   * are undefined.
   *
   * @returns the place of the bytes, to be written to before `take`
   */
  reserve(length: number): Uint8Array {
    if (this.#at + length > this.#current.length) this.#startBuffer(length)
    this.#at += length
    return this.#current.subarray(this.#at - length, this.#at)
  }

  /** Everything so far; to be given to `releaseBuffers` after its last use. */
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
