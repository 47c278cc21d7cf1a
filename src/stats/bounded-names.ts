import { OTHER } from '../catalogue.js'

/**
 * Maximum UTF-8 bytes of the name of an operation or a status: a journal has one byte for the
 * length.
 */
export const LABEL_BYTES_MAX = 255

/** Whether a name is short enough for a label; rows of longer ones count under `other`. */
export function fitsLabel(name: string): boolean {
  // A UTF-16 unit takes at most three bytes; this skips the count of bytes for most names.
  return name.length * 3 <= LABEL_BYTES_MAX || Buffer.byteLength(name) <= LABEL_BYTES_MAX
}

/**
 * A value per name for as many names as the limit allows. Further names, and those too long for a
 * label, share the value of `other`. `other` and the reserved names are accepted past the limit.
 * Halves of surrogate pairs in a name become U+FFFD, as in UTF-8.
 */
export class BoundedNames<Value> {
  readonly #max: number
  readonly #make: (name: string) => Value
  readonly #reserved: readonly string[]
  readonly #values = new Map<string, Value>()

  /**
   * @param max maximum number of names; `other` and reserved names may exceed it
   * @param make creates the value of a new name
   * @param reserved names that are accepted past the limit
   */
  constructor(max: number, make: (name: string) => Value, reserved: readonly string[] = []) {
    this.#max = max
    this.#make = make
    this.#reserved = reserved
  }

  /** The names and their values, in the order in which the names were first used. */
  get entries(): ReadonlyMap<string, Value> {
    return this.#values
  }

  /** The value of a name, created if the name is new and within the limit. */
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
