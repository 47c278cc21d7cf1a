import type { MetricFamily } from '../metric-family.js'
import type { OutputBuffer } from '../output-buffer.js'
import { isKept, type KeptGroup, keepGroup } from './kept-group.js'
import { openHistogram, type SeriesHead, writeMetric } from './metric-message.js'
import { type OpenMessage, writeOpenMessages } from './open-messages.js'
import { ValuePlaces } from './value-places.js'
import { WireWriter } from './wire-writer.js'

/** A buffer for the values of a block; shared, used synchronously. */
let values = new Float64Array(0)

/**
 * The messages of some groups of a family, kept between scrapes. All values have a fixed length and
 * are rewritten in place. Only the native buckets of histograms vary in length; they are appended
 * to each message when it is written.
 */
export class MessageBlock {
  readonly #family: MetricFamily
  readonly #kept: readonly KeptGroup[]
  readonly #bytes: Uint8Array
  readonly #valueCount: number
  /** Writes the value of each sample into `#bytes`. */
  readonly #setValues: (values: Float64Array) => void
  /** The messages in `#bytes` that native buckets are appended to, per group. */
  readonly #open: readonly (readonly OpenMessage[])[] = []

  /** @param extraLabels labels to append to every series that has no label of the same name */
  constructor(
    family: MetricFamily,
    groups: readonly unknown[],
    extraLabels: readonly (readonly [name: string, value: string])[],
  ) {
    this.#family = family
    this.#kept = groups.map((group) => keepGroup(family, group))
    const messages = new WireWriter()
    const places = new ValuePlaces()
    const write = family.bins === undefined ? writeMetric : openHistogram
    const written = this.#kept.map((kept) =>
      kept.series.map((_, series) => {
        const from = messages.length
        const lengthPlaces = write(messages, headOf(family, kept, series, extraLabels), places)
        return { from, end: messages.length, lengthPlaces: lengthPlaces.map((at) => at - from) }
      }),
    )
    const bytes = messages.bytes.slice()
    this.#bytes = bytes
    this.#valueCount = places.length
    this.#setValues = places.writerTo(new DataView(bytes.buffer))
    if (family.bins === undefined) return
    this.#open = written.map((group) =>
      group.map(({ from, end, lengthPlaces }) => ({
        bytes: bytes.subarray(from, end),
        lengthPlaces,
      })),
    )
  }

  /** Whether the given groups differ from those of the block in their values only. */
  isOf(groups: readonly unknown[]): boolean {
    if (groups.length !== this.#kept.length) return false
    return this.#kept.every((kept, index) => isKept(kept, this.#family, groups[index]))
  }

  /** Write the messages with the values of the given groups, for which `isOf` is true. */
  write(output: OutputBuffer, groups: readonly unknown[]): void {
    this.#setValues(this.#read(groups))
    const { bins } = this.#family
    if (bins === undefined) output.bytes(this.#bytes)
    else writeOpenMessages(output, this.#open, groups, bins)
  }

  #read(groups: readonly unknown[]): Float64Array {
    if (values.length < this.#valueCount) values = new Float64Array(this.#valueCount)
    let at = 0
    for (let index = 0; index < groups.length; index++) {
      const { series, shapes } = this.#kept[index]
      this.#family.read(groups[index], values, at)
      at += series.length * shapes.length
    }
    return values
  }
}

function headOf(
  family: MetricFamily,
  { labels, series, shapes, created, exemplars }: KeptGroup,
  index: number,
  extraLabels: readonly (readonly [name: string, value: string])[],
): SeriesHead {
  const own = { ...family.constantLabels, ...labels, ...series[index] }
  const missing = extraLabels.filter(([name]) => !Object.hasOwn(own, name))
  return {
    type: family.definition.type,
    labels: [...Object.entries(own), ...missing],
    shapes,
    created: created[index],
    exemplarOf: (shape) => exemplars[index * shapes.length + shape],
  }
}
