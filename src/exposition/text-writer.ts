import type { Snapshot } from '../snapshot/snapshot.js'
import { CachedLines, type LineHead } from './cached-lines.js'
import type { ExpositionFormat, FamilyWriter } from './exposition-format.js'
import type { Labels, MetricFamily } from './metric-family.js'
import type { OutputBuffer } from './output-buffer.js'
import { formatLabels } from './text-format.js'

/** Lines of a block: their values and places fit the first-level cache. */
const BLOCK_LINES = 256

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
 * The Prometheus text format, version 0.0.4.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export const textFormat: ExpositionFormat = {
  contentType: 'text/plain; version=0.0.4; charset=utf-8',
  createWriter: (family) => new TextFamilyWriter(family),
}

/**
 * Writes a family as text and keeps the lines from scrape to scrape: building them takes ten times
 * as long as changing the values in them. The order of the series is stable, and new ones come last.
 * A block of lines is rebuilt when its series have changed.
 */
class TextFamilyWriter<Group> implements FamilyWriter {
  readonly #family: MetricFamily<Group>
  readonly #blocks: Block[] = []
  /** The labels behind those of every series, as text. */
  #extra = ''

  constructor(family: MetricFamily<Group>) {
    this.#family = family
  }

  get head(): string {
    const { name, help, type } = this.#family.definition
    return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
  }

  *write(output: OutputBuffer, snapshot: Snapshot, extraLabels: Labels): Generator<void> {
    const family = this.#family
    const groups = family.groups(snapshot)
    const extra = formatLabels(extraLabels)
    let count = 0
    for (let next = 0; next < groups.length; count++) {
      // Another scrape with other labels may have run while the event loop turned.
      if (extra !== this.#extra) this.#blocks.length = 0
      this.#extra = extra
      const first = next
      const series: (readonly Labels[])[] = []
      let lines = 0
      while (next < groups.length && lines < BLOCK_LINES) {
        const own = family.seriesOf(groups[next++])
        series.push(own)
        lines += own.length * family.shapes.length
      }
      this.#read(groups, first, series, lines)
      const labels = series.map((_, index) => family.labelsOf(groups[first + index]))
      yield output.bytes(this.#linesOf(count, labels, series, lines, extraLabels).text)
    }
    this.#blocks.length = Math.min(this.#blocks.length, count)
  }

  /** Read the values of some groups, from the first on. */
  #read(
    groups: readonly Group[],
    first: number,
    series: readonly (readonly Labels[])[],
    lineCount: number,
  ): void {
    if (values.length < lineCount) values = new Float64Array(lineCount)
    let at = 0
    for (let index = 0; index < series.length; index++) {
      this.#family.read(groups[first + index], values, at)
      at += series[index].length * this.#family.shapes.length
    }
  }

  /** The lines of a block with the values that were read. */
  #linesOf(
    index: number,
    labels: readonly Labels[],
    series: readonly (readonly Labels[])[],
    lineCount: number,
    extraLabels: Labels,
  ): CachedLines {
    const known: Block | undefined = this.#blocks[index]
    if (known !== undefined && isSame(known.labels, labels) && isSame(known.series, series)) {
      known.lines.set(values)
      return known.lines
    }
    const heads = series.flatMap((own, group) => this.#headsOf(labels[group], own, extraLabels))
    const lines = new CachedLines(heads, values.subarray(0, lineCount))
    this.#blocks[index] = { labels, series, lines }
    return lines
  }

  #headsOf(labels: Labels, series: readonly Labels[], extraLabels: Labels): LineHead[] {
    const { constantLabels, definition, shapes } = this.#family
    const before = formatLabels({ ...constantLabels, ...labels })
    const extra = Object.entries(extraLabels)
    return series.flatMap((one) => {
      // A sample's own label replaces an extra one of the same name.
      const missing = extra.filter(([name]) => !(name in labels) && !(name in one))
      const behind = formatLabels(Object.fromEntries(missing))
      const own = joinLabels(before, formatLabels(one), behind)
      return shapes.map(({ suffix, le }) => {
        const all = le === undefined ? own : joinLabels(own, formatLabels({ le }))
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
