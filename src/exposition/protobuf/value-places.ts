import { writeCount } from './varint.js'

const NONE = -1

/**
 * The offsets of the values in kept messages, where they are rewritten: counts, float64, or none.
 */
export class ValuePlaces {
  readonly #places: number[] = []
  readonly #isCount: boolean[] = []

  get length(): number {
    return this.#places.length
  }

  addCount(place: number): void {
    this.#add(place, true)
  }

  addDouble(place: number): void {
    this.#add(place, false)
  }

  /** Add a value that the messages do not contain. */
  addNone(): void {
    this.#add(NONE, false)
  }

  /** Add a number of bytes to each offset from index `first` on. */
  move(first: number, by: number): void {
    const places = this.#places
    for (let index = first; index < places.length; index++) {
      if (places[index] !== NONE) places[index] += by
    }
  }

  /** A function that writes all values, with flat arrays instead of these lists for speed. */
  writerTo(view: DataView): (values: Float64Array) => void {
    const places = Int32Array.from(this.#places)
    const isCount = Uint8Array.from(this.#isCount, Number)
    return (values) => {
      for (let index = 0; index < places.length; index++) {
        const place = places[index]
        if (place === NONE) continue
        if (isCount[index] === 0) view.setFloat64(place, values[index], true)
        else writeCount(view, place, values[index])
      }
    }
  }

  #add(place: number, isCount: boolean): void {
    this.#places.push(place)
    this.#isCount.push(isCount)
  }
}
