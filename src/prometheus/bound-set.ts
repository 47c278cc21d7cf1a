import { boundLabel } from '../stats/python-float.js'

const encoder = new TextEncoder()

/** The bounds of a histogram's buckets as `le` shows them, with their text made once. */
export class BoundSet {
  /** Values of `le`, ascending; the last is `+Inf`. */
  readonly labels: readonly string[]
  /** Per bound what a line has from `le` on up to its value, in UTF-8. */
  readonly texts: readonly Uint8Array[]
  /** The length of the longest of them. */
  readonly textBytesMax: number

  /** @param bounds upper bounds in seconds, ascending, `+Inf` left out */
  constructor(bounds: readonly number[]) {
    this.labels = [...bounds, Number.POSITIVE_INFINITY].map(boundLabel)
    this.texts = this.labels.map((label) => encoder.encode(`le="${label}"} `))
    this.textBytesMax = Math.max(...this.texts.map(({ length }) => length))
  }
}
