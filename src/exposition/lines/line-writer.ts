import type { FamilyHead, LineWriter, WriteOptions } from '../exposition-format.js'
import { isSame } from '../is-same.js'
import type { MetricFamily } from '../metric-family.js'
import { BOUND_LABELS } from '../metric-types.js'
import type { OutputBuffer } from '../output-buffer.js'
import { CachedLines } from './cached-lines.js'
import { type LineBlock, readTails, readValues, takeBlock } from './line-block.js'
import type { LineDialect } from './line-dialect.js'
import { type LineNames, lineHeads } from './line-heads.js'

/** Cached lines with their labels. */
interface KeptBlock extends Pick<LineBlock, 'labels' | 'series'> {
  readonly lines: CachedLines
}

/**
 * Writes a family as lines and keeps them between scrapes: building lines takes ten times as long
 * as changing their values. The order of the series is stable, and new series are last. A block of
 * lines is rebuilt when its series have changed.
 */
export class CachedLineWriter implements LineWriter {
  readonly #family: MetricFamily
  readonly #dialect: LineDialect
  readonly #blocks: KeptBlock[] = []
  /** A key of everything except the groups that the blocks depend on. */
  #key = ''

  constructor(family: MetricFamily, dialect: LineDialect) {
    this.#family = family
    this.#dialect = dialect
  }

  head(options: WriteOptions): FamilyHead {
    return this.#dialect.headOf(this.#family, options)
  }

  *write(output: OutputBuffer, groups: readonly unknown[], options: WriteOptions): Generator<void> {
    output.text(this.#dialect.linesBefore(this.#family, this.head(options)))
    yield* this.writeSamples(output, groups, options)
  }

  *writeSamples(
    output: OutputBuffer,
    groups: readonly unknown[],
    options: WriteOptions,
  ): Generator<void> {
    const family = this.#family
    const head = this.head(options)
    const tailOf = this.#dialect.tailOf?.bind(this.#dialect, head)
    const names = this.#namesOf(head, options)
    const hasCreated = names.createdName !== undefined
    const key = JSON.stringify([names.createdName, names.extraLabels])
    let count = 0
    for (let next = 0; next < groups.length; count++) {
      // Another scrape with other labels may have run between two steps.
      if (key !== this.#key) this.#blocks.length = 0
      this.#key = key
      const block = takeBlock(family, groups, next, hasCreated)
      next += block.groups.length
      const values = readValues(family, block)
      const lines = this.#linesOf(count, block, names, values)
      lines.set(values, readTails(family, block, tailOf))
      yield output.bytes(lines.text)
    }
    this.#blocks.length = Math.min(this.#blocks.length, count)
  }

  #namesOf(head: FamilyHead, options: WriteOptions): LineNames {
    const { createdOf, definition } = this.#family
    const extra = Object.entries(options.extraLabels)
    const bound = BOUND_LABELS[definition.type]
    return {
      name: definition.name,
      createdName: createdOf && this.#dialect.createdNameOf(head),
      extraLabels: Object.fromEntries(extra.filter(([name]) => name !== bound)),
      boundOf: this.#dialect.boundOf,
    }
  }

  /** The cached lines of a block, or new ones if its series have changed. */
  #linesOf(index: number, block: LineBlock, names: LineNames, values: Float64Array): CachedLines {
    const known: KeptBlock | undefined = this.#blocks[index]
    const { groups, labels, series, shapes, lineCount } = block
    if (known !== undefined && isSame(known.labels, labels) && isSame(known.series, series)) {
      return known.lines
    }
    const { constantLabels } = this.#family
    const heads = groups.flatMap((_, at) => {
      return lineHeads(names, { ...constantLabels, ...labels[at] }, series[at], shapes[at])
    })
    const lines = new CachedLines(heads, values.subarray(0, lineCount))
    this.#blocks[index] = { labels, series, lines }
    return lines
  }
}
