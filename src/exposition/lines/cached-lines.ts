import type { LineHead } from './line-heads.js'
import { isSameTails, type LineTails, NO_TAILS, tailAt, tailBytes } from './line-tails.js'
import { overwriteInteger } from './overwrite-integer.js'
import { formatValue } from './text-format.js'
import { writeFraction } from './write-fraction.js'

/** Free bytes after the lines, for values that get longer. */
const ROOM_BYTES = 256
/** Maximum length of the text of a float64. */
const VALUE_BYTES_MAX = 25

const encoder = new TextEncoder()

/** A buffer for the text of a value, until its length is known. */
const shown = new Uint8Array(VALUE_BYTES_MAX)

/** A buffer for lines that move when values get longer or shorter; shared, used synchronously. */
let moved = new Uint8Array(0)

/**
 * Lines of text that are kept between scrapes. A scrape writes only the values that changed. Most
 * have the same length as before and are written in place; names and labels, which take ten times
 * as many bytes, do not move.
 */
export class CachedLines {
  #bytes: Uint8Array
  /** The bytes of the text. */
  #text: Uint8Array
  readonly #values: Float64Array
  /** Per line, the index at which its value starts, and the one at which it ends. */
  readonly #starts: Uint32Array
  readonly #ends: Uint32Array
  #tails = NO_TAILS

  /** @param values the value of each line */
  constructor(heads: readonly LineHead[], values: Float64Array) {
    this.#values = values.slice(0, heads.length)
    this.#starts = new Uint32Array(heads.length)
    this.#ends = new Uint32Array(heads.length)
    let text = ''
    let at = 0
    for (const [line, head] of heads.entries()) {
      const value = formatValue(values[line])
      text += `${head.text}${value}\n`
      this.#starts[line] = at + head.byteLength
      this.#ends[line] = at + head.byteLength + value.length
      at = this.#ends[line] + 1
    }
    this.#bytes = new Uint8Array(at + ROOM_BYTES)
    this.#text = this.#bytes.subarray(0, at)
    encoder.encodeInto(text, this.#text)
  }

  /** The lines; valid until `set` is called again. */
  get text(): Uint8Array {
    return this.#text
  }

  /** Set the value and the tail of each line. */
  set(values: Float64Array, tails = NO_TAILS): void {
    const before = this.#values
    const bytes = this.#bytes
    const starts = this.#starts
    const ends = this.#ends
    let fits = isSameTails(tails, this.#tails)
    for (let line = 0; line < before.length; line++) {
      const value = values[line]
      if (value === before[line]) continue
      if (overwriteInteger(bytes, starts[line], ends[line], value)) before[line] = value
      else fits = false
    }
    if (!fits) this.#refit(values, tails)
  }

  /** Set values and tails whose length has changed, and move the text after them in one pass. */
  #refit(values: Float64Array, tails: LineTails): void {
    const before = this.#values
    const tailsBefore = this.#tails
    const starts = this.#starts
    const ends = this.#ends
    const bytes = this.#bytes
    const lengthMax = this.#text.length + before.length * VALUE_BYTES_MAX + tailBytes(tails)
    if (moved.length < lengthMax) moved = new Uint8Array(lengthMax)
    // The text before `from` is complete and ends at `to`; from `settled` on, it is in `moved`.
    let settled = -1
    let from = 0
    let to = 0
    for (let line = 0; line < before.length; line++) {
      const start = starts[line]
      const end = ends[line]
      starts[line] = start + to - from
      ends[line] = end + to - from
      const value = values[line]
      const tail = tailAt(tails, line)
      const tailBefore = tailAt(tailsBefore, line)
      if (value === before[line] && tail === tailBefore) continue
      before[line] = value
      const length = writeValue(value)
      if (length === end - start && tail === tailBefore) {
        copy(shown, length, bytes, start)
        continue
      }
      if (settled < 0) settled = to = start
      else to = move(bytes, from, start, to)
      to = copy(shown, length, moved, to)
      ends[line] = to
      if (tail !== undefined) to = move(tail, 0, tail.length, to)
      from = end + (tailBefore?.length ?? 0)
    }
    this.#tails = tails
    if (settled >= 0) this.#take(settled, move(bytes, from, this.#text.length, to))
  }

  /** Copy bytes [start, end) of `moved` to the text. */
  #take(start: number, end: number): void {
    if (end > this.#bytes.length) {
      const bytes = new Uint8Array(end + ROOM_BYTES)
      bytes.set(this.#text.subarray(0, start))
      this.#bytes = bytes
    }
    this.#bytes.set(moved.subarray(start, end), start)
    this.#text = this.#bytes.subarray(0, end)
  }
}

/** Copies bytes [start, end) to `moved` and returns the index of the next byte. */
function move(bytes: Uint8Array, start: number, end: number, to: number): number {
  moved.set(bytes.subarray(start, end), to)
  return to + end - start
}

/** Writes a value to `shown` and returns its length. */
function writeValue(value: number): number {
  const length = writeFraction(shown, 0, value)
  if (length > 0) return length
  const digits = formatValue(value)
  for (let index = 0; index < digits.length; index++) shown[index] = digits.charCodeAt(index)
  return digits.length
}

/** Copies the first bytes of a short text and returns the index of the next byte. */
function copy(from: Uint8Array, length: number, to: Uint8Array, start: number): number {
  for (let index = 0; index < length; index++) to[start + index] = from[index]
  return start + length
}
