import type { LineHead } from './line-heads.js'
import { isSameTails, type LineTails, NO_TAILS, tailAt, tailBytes } from './line-tails.js'
import { overwriteInteger } from './overwrite-integer.js'
import { formatValue } from './text-format.js'
import { writeFraction } from './write-fraction.js'

/** Bytes to spare after the lines for values that get longer. */
const ROOM_BYTES = 256
/** The longest text of a float64. */
const VALUE_BYTES_MAX = 25

const encoder = new TextEncoder()

/** The text of a value, before it is known whether it fits. */
const shown = new Uint8Array(VALUE_BYTES_MAX)

/** A buffer for lines that move because values get longer or shorter; shared, used synchronously. */
let moved = new Uint8Array(0)

/**
 * Lines of text that are kept from scrape to scrape. A scrape only writes the values that changed:
 * most are as long as before and are written in place; the names and labels, ten times as many
 * bytes, stay where they are.
 */
export class CachedLines {
  #bytes: Uint8Array
  /** The bytes that are text. */
  #text: Uint8Array
  readonly #values: Float64Array
  /** Per line where its value starts, and where it ends. */
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

  /** The lines, until values are set again. */
  get text(): Uint8Array {
    return this.#text
  }

  /** Set the value of each line, and what is after it. */
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

  /** Set the values and tails that do not fit over those before, moving all after them in one pass. */
  #refit(values: Float64Array, tails: LineTails): void {
    const before = this.#values
    const tailsBefore = this.#tails
    const starts = this.#starts
    const ends = this.#ends
    const bytes = this.#bytes
    const lengthMax = this.#text.length + before.length * VALUE_BYTES_MAX + tailBytes(tails)
    if (moved.length < lengthMax) moved = new Uint8Array(lengthMax)
    // The text up to `from` is done and ends at `to`; from `settled` on it is in the other memory.
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

  /** Take the text that was moved, [start, end) of it. */
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

/** Copies bytes [start, end) to `moved` and returns where the next byte goes. */
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

/** Copies the first bytes of a short text and returns where the next byte goes. */
function copy(from: Uint8Array, length: number, to: Uint8Array, start: number): number {
  for (let index = 0; index < length; index++) to[start + index] = from[index]
  return start + length
}
