import type { ExpositionFormat, FamilyWriter, WriteOptions } from '../exposition-format.js'
import type { MetricFamily } from '../metric-family.js'
import { BOUND_LABELS } from '../metric-types.js'
import type { OutputBuffer } from '../output-buffer.js'
import { MessageBlock } from './message-block.js'
import { FAMILY, TYPE_NUMBERS } from './protobuf-fields.js'
import { LENGTH_BYTES, writeLength } from './varint.js'
import { WireWriter } from './wire-writer.js'

/**
 * Minimum number of values of a block: the values and their offsets fit into the first-level cache.
 */
const BLOCK_VALUES = 256

/**
 * The delimited protobuf format: for each family with samples, the length of a `MetricFamily`
 * message and the message. Fields are not in the order of their numbers; readers accept any order.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#protobuf-format
 */
export const protobufFormat: ExpositionFormat = {
  contentType:
    'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
  separator: '',
  end: '',
  createWriter: (family) => new ProtobufFamilyWriter(family),
}

/**
 * Writes a family as a message and keeps its bytes between scrapes: encoding 1,000 engines with a
 * library takes several times as long as rewriting their values. A block of series is encoded again
 * when anything except values has changed.
 */
class ProtobufFamilyWriter implements FamilyWriter {
  readonly #family: MetricFamily
  readonly #head: Uint8Array
  readonly #blocks: MessageBlock[] = []
  /** The extra labels of every series, as JSON. */
  #extra = ''

  constructor(family: MetricFamily) {
    const { name, help, type } = family.definition
    const head = new WireWriter()
    head.text(FAMILY.name, name)
    head.text(FAMILY.help, help)
    head.integer(FAMILY.type, TYPE_NUMBERS[type])
    if (family.unit !== undefined) head.text(FAMILY.unit, family.unit)
    this.#family = family
    this.#head = head.bytes.slice()
  }

  *write(output: OutputBuffer, groups: readonly unknown[], options: WriteOptions): Generator<void> {
    const shown = groups.filter((group) => this.#family.seriesOf(group).length > 0)
    // Some readers ignore a family without metrics, others fail.
    if (shown.length === 0) return
    const length = output.reserve(LENGTH_BYTES)
    const start = output.length
    output.bytes(this.#head)
    // Readers add the labels `le` and `quantile` themselves.
    const bound = BOUND_LABELS[this.#family.definition.type]
    const extraLabels = Object.entries(options.extraLabels).filter(([name]) => name !== bound)
    const extra = JSON.stringify(extraLabels)
    let count = 0
    for (let next = 0; next < shown.length; count++) {
      const first = next
      for (let values = 0; next < shown.length && values < BLOCK_VALUES; next++) {
        const group = shown[next]
        values += this.#family.seriesOf(group).length * this.#family.shapesOf(group).length
      }
      // Another scrape with other labels may have run between two steps.
      if (extra !== this.#extra) this.#blocks.length = 0
      this.#extra = extra
      const own = shown.slice(first, next)
      if (this.#blocks[count]?.isOf(own) !== true) {
        this.#blocks[count] = new MessageBlock(this.#family, own, extraLabels)
      }
      yield this.#blocks[count].write(output, own)
    }
    this.#blocks.length = Math.min(this.#blocks.length, count)
    writeLength(length, 0, output.length - start)
  }
}
