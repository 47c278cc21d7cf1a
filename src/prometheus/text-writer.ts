import type { BoundSet } from './bound-set.js'
import { takeChunk } from './chunk-pool.js'
import type { LabelSet } from './label-set.js'
import type { SampleSink } from './sample-sink.js'
import { formatValue } from './text-format.js'

/** Bytes up to which a loop copies faster than a call. */
const LOOP_BYTES_MAX = 64
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
const digits = new Uint8Array(DIGITS_MAX)

/**
 * Writes samples as lines of the text format, as bytes from the start: the names and labels of a
 * line are copied, its value is written digit by digit. Strings would be built, joined and encoded,
 * which takes several times as long.
 */
export class TextWriter implements SampleSink {
  #name = ''
  #extraLabels: Uint8Array = new Uint8Array(0)
  /** The name with each suffix. */
  readonly #names = new Map<string, Uint8Array>()
  readonly #full: Uint8Array[] = []
  #chunk: Uint8Array = new Uint8Array(0)
  #at = 0

  /**
   * Begin the samples of a family.
   *
   * @param extraLabels labels to write behind those of every sample
   */
  begin(name: string, extraLabels: LabelSet): void {
    this.#name = name
    this.#extraLabels = extraLabels.text
    this.#names.clear()
  }

  /** Write text as it is. */
  raw(text: string): void {
    const bytes = encoder.encode(text)
    this.#reserve(bytes.length)
    this.#copy(bytes)
  }

  sample(suffix: string, labels: LabelSet, value: number): void {
    const name = this.#nameWith(suffix)
    this.#reserve(this.#headBytes(name, labels) + REST_BYTES)
    this.#writeHead(name, labels)
    if (this.#hasLabels(labels)) this.#chunk[this.#at++] = CLOSE_BRACE
    this.#chunk[this.#at++] = SPACE
    this.#at = writeValue(this.#chunk, this.#at, value)
    this.#chunk[this.#at++] = NEWLINE
  }

  buckets(suffix: string, labels: LabelSet, bounds: BoundSet, counts: Float64Array): void {
    const name = this.#nameWith(suffix)
    const { texts } = bounds
    const lineBytes = this.#headBytes(name, labels) + bounds.textBytesMax + REST_BYTES
    this.#reserve(lineBytes * texts.length)
    const chunk = this.#chunk
    const start = this.#at
    this.#writeHead(name, labels)
    chunk[this.#at++] = this.#hasLabels(labels) ? COMMA : OPEN_BRACE
    const headEnd = this.#at
    let at = start
    let cumulative = 0
    for (let bucket = 0; bucket < texts.length; bucket++) {
      // The lines begin alike, and one copy of what is there already is the cheapest.
      if (bucket > 0) chunk.copyWithin(at, start, headEnd)
      at += headEnd - start
      cumulative += counts[bucket]
      at = writeValue(chunk, copy(chunk, at, texts[bucket]), cumulative)
      chunk[at++] = NEWLINE
    }
    this.#at = at
  }

  /** The text so far; to be given back to the pool once nobody reads it any more. */
  take(): Uint8Array[] {
    const chunks = [...this.#full, this.#chunk.subarray(0, this.#at)]
    this.#full.length = 0
    this.#chunk = new Uint8Array(0)
    this.#at = 0
    return chunks
  }

  #nameWith(suffix: string): Uint8Array {
    let name = this.#names.get(suffix)
    if (name === undefined) {
      name = encoder.encode(this.#name + suffix)
      this.#names.set(suffix, name)
    }
    return name
  }

  #hasLabels({ text }: LabelSet): boolean {
    return text.length > 0 || this.#extraLabels.length > 0
  }

  #headBytes(name: Uint8Array, { text }: LabelSet): number {
    return name.length + text.length + this.#extraLabels.length
  }

  /** What a line begins with, up to its last label. */
  #writeHead(name: Uint8Array, labels: LabelSet): void {
    this.#copy(name)
    if (!this.#hasLabels(labels)) return
    this.#chunk[this.#at++] = OPEN_BRACE
    this.#copy(labels.text)
    if (this.#extraLabels.length === 0) return
    if (labels.text.length > 0) this.#chunk[this.#at++] = COMMA
    this.#copy(this.#extraLabels)
  }

  #copy(text: Uint8Array): void {
    this.#at = copy(this.#chunk, this.#at, text)
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#chunk.length) return
    if (this.#at > 0) this.#full.push(this.#chunk.subarray(0, this.#at))
    this.#chunk = takeChunk(bytes)
    this.#at = 0
  }
}

/** Copies text and answers where the next byte goes. */
function copy(chunk: Uint8Array, start: number, text: Uint8Array): number {
  const { length } = text
  if (length > LOOP_BYTES_MAX) chunk.set(text, start)
  else for (let index = 0; index < length; index++) chunk[start + index] = text[index]
  return start + length
}

/** Writes a value and answers where the next byte goes. */
function writeValue(chunk: Uint8Array, start: number, value: number): number {
  let at = start
  if (!(value >= 0 && value < SMALL_INTEGER_END && value === (value | 0))) {
    const text = formatValue(value)
    for (let index = 0; index < text.length; index++) chunk[at++] = text.charCodeAt(index)
    return at
  }
  let rest = value | 0
  let first = DIGITS_MAX
  do {
    const tens = (rest / 10) | 0
    digits[--first] = ZERO + rest - tens * 10
    rest = tens
  } while (rest > 0)
  while (first < DIGITS_MAX) chunk[at++] = digits[first++]
  return at
}
