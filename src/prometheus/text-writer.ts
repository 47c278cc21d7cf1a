import type { LabelSet } from './label-set.js'
import type { SampleSink } from './sample-sink.js'
import { formatValue } from './text-format.js'

/** Bytes of a chunk of text; chunks go to a socket as they are. */
const CHUNK_BYTES = 2 ** 18
/** Digits of the largest integer that is written digit by digit: below 2^31, they are int32. */
const SMALL_INTEGER_END = 2 ** 31
const DIGITS_MAX = 10
/** Bytes of a line beside its names and labels at most: punctuation and a value. */
const REST_BYTES = 64
const NEWLINE = 10
const SPACE = 32
const COMMA = 44
const ZERO = 48
const OPEN_BRACE = 123
const CLOSE_BRACE = 125

const encoder = new TextEncoder()

/**
 * Writes samples as lines of the text format, as bytes from the start: the names and labels of a
 * line are copied, its value is written digit by digit. Strings would be built, joined and encoded,
 * which takes several times as long.
 */
export class TextWriter implements SampleSink {
  readonly #name: string
  readonly #extraLabels: Uint8Array
  /** The name with each suffix, and each bound with what stands around it. */
  readonly #texts = new Map<string, Uint8Array>()
  readonly #full: Uint8Array[] = []
  readonly #digits = new Uint8Array(DIGITS_MAX)
  #chunk: Uint8Array = new Uint8Array(0)
  #at = 0
  /** Where in the chunk the last line's head is, and what it is of. */
  #headAt = 0
  #headLength = 0
  #headName: Uint8Array | undefined
  #headLabels: LabelSet | undefined

  /** @param extraLabels labels to write behind those of every sample */
  constructor(name: string, extraLabels: LabelSet) {
    this.#name = name
    this.#extraLabels = extraLabels.text
  }

  sample(suffix: string, labels: LabelSet, bound: string | undefined, value: number): void {
    const name = this.#textOf(suffix, this.#name)
    const le = bound === undefined ? undefined : this.#textOf(bound, 'le="', '"')
    const { length } = labels.text
    this.#reserve(name.length + length + this.#extraLabels.length + (le?.length ?? 0) + REST_BYTES)
    const start = this.#at
    if (labels === this.#headLabels && name === this.#headName) {
      // The lines of a histogram begin alike, and one copy is cheaper than three.
      this.#chunk.copyWithin(start, this.#headAt, this.#headAt + this.#headLength)
      this.#at += this.#headLength
    } else {
      this.#writeHead(name, labels)
      this.#headName = name
      this.#headLabels = labels
      this.#headLength = this.#at - start
    }
    this.#headAt = start
    const hasLabels = length > 0 || this.#extraLabels.length > 0
    if (le !== undefined) this.#writeBound(le, hasLabels)
    if (hasLabels || le !== undefined) this.#chunk[this.#at++] = CLOSE_BRACE
    this.#chunk[this.#at++] = SPACE
    this.#writeValue(value)
    this.#chunk[this.#at++] = NEWLINE
  }

  /** The text so far, and the writer is empty again. */
  take(): Uint8Array[] {
    const chunks = [...this.#full, this.#chunk.subarray(0, this.#at)]
    this.#full.length = 0
    this.#chunk = new Uint8Array(0)
    this.#at = 0
    this.#headName = undefined
    return chunks
  }

  #textOf(key: string, before: string, after = ''): Uint8Array {
    let text = this.#texts.get(key)
    if (text === undefined) {
      text = encoder.encode(after === '' ? before + key : before + key + after)
      this.#texts.set(key, text)
    }
    return text
  }

  /** What a line begins with, up to its labels. */
  #writeHead(name: Uint8Array, { text }: LabelSet): void {
    this.#copy(name)
    if (text.length === 0 && this.#extraLabels.length === 0) return
    this.#chunk[this.#at++] = OPEN_BRACE
    this.#copy(text)
    if (this.#extraLabels.length === 0) return
    if (text.length > 0) this.#chunk[this.#at++] = COMMA
    this.#copy(this.#extraLabels)
  }

  #writeBound(le: Uint8Array, hasLabels: boolean): void {
    this.#chunk[this.#at++] = hasLabels ? COMMA : OPEN_BRACE
    // Too short for the call that copies to be worth it.
    for (let index = 0; index < le.length; index++) this.#chunk[this.#at++] = le[index]
  }

  #copy(text: Uint8Array): void {
    this.#chunk.set(text, this.#at)
    this.#at += text.length
  }

  #writeValue(value: number): void {
    if (!(value >= 0 && value < SMALL_INTEGER_END && value === (value | 0))) {
      const text = formatValue(value)
      for (let index = 0; index < text.length; index++) {
        this.#chunk[this.#at++] = text.charCodeAt(index)
      }
      return
    }
    let rest = value | 0
    let first = DIGITS_MAX
    do {
      const tens = (rest / 10) | 0
      this.#digits[--first] = ZERO + rest - tens * 10
      rest = tens
    } while (rest > 0)
    while (first < DIGITS_MAX) this.#chunk[this.#at++] = this.#digits[first++]
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#chunk.length) return
    if (this.#at > 0) this.#full.push(this.#chunk.subarray(0, this.#at))
    // All of it that is shown is written first, so it need not be zero.
    this.#chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, bytes))
    this.#at = 0
    this.#headName = undefined
  }
}
