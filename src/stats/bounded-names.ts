import { OTHER } from '../catalogue.js'

/** UTF-8 bytes the name of an operation or a status may have: a journal keeps it in one byte. */
export const LABEL_BYTES_MAX = 255

/** Whether a name is short enough for a label; rows of longer ones count under `other`. */
export function fitsLabel(name: string): boolean {
  // A UTF-16 unit takes three bytes at most, and most names are short.
  return name.length * 3 <= LABEL_BYTES_MAX || Buffer.byteLength(name) <= LABEL_BYTES_MAX
}

/**
 * A value per name for as many names as the limit allows. Further names, and those too long for a
 * label, share the value of `other`, which always has a place, as reserved names have. Halves of
 * surrogate pairs in a name become U+FFFD, as they do in UTF-8.
 */
export class BoundedNames<Value> {
  readonly #max: number
  readonly #make: (name: string) => Value
  readonly #reserved: readonly string[]
  readonly #values = new Map<string, Value>()

  /**
   * @param max names told apart, beside `other` and reserved ones that come past the limit
   * @param make makes the value of a name that is new
   * @param reserved names that are told apart even past the limit
   */
  constructor(max: number, make: (name: string) => Value, reserved: readonly string[] = []) {
    this.#max = max
    this.#make = make
    this.#reserved = reserved
  }

  /** The names that have a value, with it, in the order in which they came. */
  get entries(): ReadonlyMap<string, Value> {
    return this.#values
  }

  /** The value of a name, made where the name is new and within the limit. */
  get(name: string): Value {
    return this.#values.get(name) ?? this.#add(name.toWellFormed())
  }

  clear(): void {
    this.#values.clear()
  }

  #add(name: string): Value {
    const key = this.#isAdmitted(name) ? name : OTHER
    const known = this.#values.get(key)
    if (known !== undefined) return known
    const value = this.#make(key)
    this.#values.set(key, value)
    return value
  }

  #isAdmitted(name: string): boolean {
    if (this.#values.has(name) || this.#reserved.includes(name)) return true
    return this.#values.size < this.#max && fitsLabel(name)
  }
}
