import type { LineShape, SampleSource } from './sample-source.js'
import { type LineHead, Sheet } from './sheet.js'
import { formatLabels } from './text-format.js'
import type { TextWriter } from './text-writer.js'

/** Lines of a sheet, more or less; as many as a cache close to the processor holds. */
const SHEET_LINES = 128

/** Labels as text formats take them. */
export type Labels = Readonly<Record<string, string>>

/** A sheet and the series on it, known again by their labels. */
interface SeriesSheet {
  readonly labels: readonly object[]
  readonly sheet: Sheet
}

/**
 * The lines of a family in the text format, kept from scrape to scrape: building them takes ten
 * times as long as changing the values in them. Series come in the same order each time but for
 * new ones, and where other series stand in the place of a sheet than did, it is built anew.
 */
export class FamilyText<Series> {
  readonly #name: string
  readonly #source: SampleSource<Series>
  readonly #seriesPerSheet: number
  readonly #sheets: SeriesSheet[] = []
  /** Labels beside those of the series, as text: before and behind them. */
  #before = ''
  #behind = ''

  constructor(name: string, source: SampleSource<Series>) {
    this.#name = name
    this.#source = source
    this.#seriesPerSheet = Math.max(1, Math.floor(SHEET_LINES / source.lines.length))
  }

  /**
   * Read the series, at once, and write their lines, as the steps are taken.
   *
   * @param before labels to write before those of every series
   * @param behind labels to write behind them
   */
  write(writer: TextWriter, before: Labels, behind: Labels): Iterable<void> {
    return this.#steps(writer, this.#source.series(), formatLabels(before), formatLabels(behind))
  }

  *#steps(
    writer: TextWriter,
    all: readonly Series[],
    before: string,
    behind: string,
  ): Generator<void> {
    const perSheet = this.#seriesPerSheet
    const values = new Float64Array(perSheet * this.#source.lines.length)
    const count = Math.ceil(all.length / perSheet)
    for (let index = 0; index < count; index++) {
      // Another scrape may have been here while the event loop turned.
      if (before !== this.#before || behind !== this.#behind) this.#forget(before, behind)
      const series = all.slice(index * perSheet, (index + 1) * perSheet)
      this.#read(series, values)
      yield writer.bytes(this.#sheet(index, series, values).text)
    }
    this.#sheets.length = Math.min(this.#sheets.length, count)
  }

  #forget(before: string, behind: string): void {
    this.#sheets.length = 0
    this.#before = before
    this.#behind = behind
  }

  #read(series: readonly Series[], values: Float64Array): void {
    const { lines } = this.#source
    for (let index = 0; index < series.length; index++) {
      this.#source.read(series[index], values, index * lines.length)
    }
  }

  /** The sheet of some series with their values. */
  #sheet(index: number, series: readonly Series[], values: Float64Array): Sheet {
    const known: SeriesSheet | undefined = this.#sheets[index]
    if (known !== undefined && this.#holds(known, series)) {
      known.sheet.set(values)
      return known.sheet
    }
    const labels = series.map((one) => this.#source.labels(one))
    const sheet = new Sheet(
      labels.flatMap((own) => this.#heads(own as Labels)),
      values,
    )
    this.#sheets[index] = { labels, sheet }
    return sheet
  }

  #holds({ labels }: SeriesSheet, series: readonly Series[]): boolean {
    if (labels.length !== series.length) return false
    for (let index = 0; index < series.length; index++) {
      if (labels[index] !== this.#source.labels(series[index])) return false
    }
    return true
  }

  #heads(own: Labels): LineHead[] {
    const labels = joinLabels(this.#before, formatLabels(own), this.#behind)
    const extraBytes = Buffer.byteLength(labels) - labels.length
    return this.#source.lines.map((line) => {
      const text = this.#head(line, labels)
      return { text, byteLength: text.length + extraBytes }
    })
  }

  #head({ suffix, le }: LineShape, labels: string): string {
    const all = le === undefined ? labels : joinLabels(labels, formatLabels({ le }))
    return `${this.#name}${suffix}${all === '' ? '' : `{${all}}`} `
  }
}

function joinLabels(...texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join(',')
}
