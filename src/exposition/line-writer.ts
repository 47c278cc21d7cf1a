import { CachedLines, type LineHead } from './cached-lines.js'
import type { FamilyHead, LineWriter, WriteOptions } from './exposition-format.js'
import type { Labels, MetricFamily, SampleShape } from './metric-family.js'
import type { OutputBuffer } from './output-buffer.js'
import { formatLabels } from './text-format.js'

/** Lines of a block: their values and places fit the first-level cache. */
const BLOCK_LINES = 256
/** The label that buckets or quantiles have beside those of their series. */
const RESERVED_LABELS: { readonly [type: string]: string } = {
  histogram: 'le',
  summary: 'quantile',
}

/** What a format of lines does in a way of its own. */
export interface LineDialect {
  headOf(family: MetricFamily, options: WriteOptions): FamilyHead
  /** The lines before the samples. */
  linesBefore(family: MetricFamily, head: FamilyHead): string
}

/** Cached lines, and the labels they are of. */
interface Block {
  /** Per group its labels. */
  readonly labels: readonly Labels[]
  /** Per group the labels of its series. */
  readonly series: readonly (readonly Labels[])[]
  readonly lines: CachedLines
}

/** Where the values of a block are read to; one for all, used synchronously. */
let values = new Float64Array(BLOCK_LINES)

/**
 * Writes a family as lines and keeps them from scrape to scrape: building them takes ten times as
 * long as changing the values in them. The order of the series is stable, and new ones come last. A
 * block of lines is rebuilt when its series have changed.
 */
export class CachedLineWriter implements LineWriter {
  readonly #family: MetricFamily
  readonly #dialect: LineDialect
  readonly #blocks: Block[] = []
  /** The labels behind those of every series, as text. */
  #extra = ''

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
    const reserved = RESERVED_LABELS[family.definition.type]
    const extraLabels = Object.entries(options.extraLabels).filter(([name]) => name !== reserved)
    const extra = formatLabels(Object.fromEntries(extraLabels))
    let count = 0
    for (let next = 0; next < groups.length; count++) {
      // Another scrape with other labels may have run while the event loop turned.
      if (extra !== this.#extra) this.#blocks.length = 0
      this.#extra = extra
      const first = next
      const series: (readonly Labels[])[] = []
      let lines = 0
      while (next < groups.length && lines < BLOCK_LINES) {
        const group = groups[next++]
        const own = family.seriesOf(group)
        series.push(own)
        lines += own.length * family.shapesOf(group).length
      }
      const own = groups.slice(first, next)
      this.#read(own, series, lines)
      yield output.bytes(this.#linesOf(count, own, series, lines, extraLabels).text)
    }
    this.#blocks.length = Math.min(this.#blocks.length, count)
  }

  /** Read the values of some groups. */
  #read(
    groups: readonly unknown[],
    series: readonly (readonly Labels[])[],
    lineCount: number,
  ): void {
    if (values.length < lineCount) values = new Float64Array(lineCount)
    let at = 0
    for (let index = 0; index < groups.length; index++) {
      this.#family.read(groups[index], values, at)
      at += series[index].length * this.#family.shapesOf(groups[index]).length
    }
  }

  /** The lines of a block with the values that were read. */
  #linesOf(
    index: number,
    groups: readonly unknown[],
    series: readonly (readonly Labels[])[],
    lineCount: number,
    extraLabels: readonly (readonly [name: string, value: string])[],
  ): CachedLines {
    const known: Block | undefined = this.#blocks[index]
    const labels = groups.map((group) => this.#family.labelsOf(group))
    if (known !== undefined && isSame(known.labels, labels) && isSame(known.series, series)) {
      known.lines.set(values)
      return known.lines
    }
    const heads = groups.flatMap((group, at) => {
      return this.#headsOf(labels[at], series[at], this.#family.shapesOf(group), extraLabels)
    })
    const lines = new CachedLines(heads, values.subarray(0, lineCount))
    this.#blocks[index] = { labels, series, lines }
    return lines
  }

  #headsOf(
    labels: Labels,
    series: readonly Labels[],
    shapes: readonly SampleShape[],
    extraLabels: readonly (readonly [name: string, value: string])[],
  ): LineHead[] {
    const { constantLabels, definition } = this.#family
    const common = { ...constantLabels, ...labels }
    const before = formatLabels(common)
    return series.flatMap((one) => {
      const missing = extraLabels.filter(
        ([name]) => !Object.hasOwn(common, name) && !Object.hasOwn(one, name),
      )
      const behind = formatLabels(Object.fromEntries(missing))
      const own = joinLabels(before, formatLabels(one), behind)
      return shapes.map(({ suffix, le, quantile }) => {
        const shape = {
          ...(le !== undefined && { le }),
          ...(quantile !== undefined && { quantile }),
        }
        const all = joinLabels(own, formatLabels(shape))
        const text = `${definition.name}${suffix}${all === '' ? '' : `{${all}}`} `
        return { text, byteLength: Buffer.byteLength(text) }
      })
    })
  }
}

/** Whether two lists hold the same objects, or lists of the same objects. */
function isSame(left: readonly unknown[], right: readonly unknown[]): boolean {
  if (left === right) return true
  if (left.length !== right.length) return false
  for (let index = 0; index < left.length; index++) {
    const one = left[index]
    const other = right[index]
    if (one === other) continue
    if (!Array.isArray(one) || !Array.isArray(other) || !isSame(one, other)) return false
  }
  return true
}

function joinLabels(...texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join(',')
}
