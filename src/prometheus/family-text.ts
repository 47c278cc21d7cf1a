import type { Labels, LineShape, SampleSource } from './sample-source.js'
import { type LineHead, Sheet } from './sheet.js'
import { formatLabels } from './text-format.js'
import type { TextWriter } from './text-writer.js'

/** Lines from which on a sheet is full; as many as a cache close to the processor holds. */
const SHEET_LINES = 256

/** A sheet and the series on it, known again by their labels. */
interface GroupsSheet {
  readonly labels: readonly (readonly Labels[])[]
  readonly sheet: Sheet
}

/** Where the values of a sheet are read to; that is done in one go, so there is one for all. */
let values = new Float64Array(SHEET_LINES)

/**
 * The lines of a family in the text format, kept from scrape to scrape: building them takes ten
 * times as long as changing the values in them. Series come in the same order each time but for
 * new ones, and where other series stand in the place of a sheet than did, it is built anew.
 */
export class FamilyText<Group> {
  readonly #name: string
  readonly #source: SampleSource<Group>
  readonly #sheets: GroupsSheet[] = []
  /** Labels beside those of the series, as text: before and behind them. */
  #before = ''
  #behind = ''

  constructor(name: string, source: SampleSource<Group>) {
    this.#name = name
    this.#source = source
  }

  /**
   * Read the series, at once, and write their lines, as the steps are taken.
   *
   * @param before labels to write before those of every series
   * @param behind labels to write behind them
   */
  write(writer: TextWriter, before: Labels, behind: Labels): Iterable<void> {
    return this.#steps(writer, this.#source.groups(), formatLabels(before), formatLabels(behind))
  }

  *#steps(
    writer: TextWriter,
    all: readonly Group[],
    before: string,
    behind: string,
  ): Generator<void> {
    let count = 0
    for (let next = 0; next < all.length; count++) {
      // Another scrape may have been here while the event loop turned.
      if (before !== this.#before || behind !== this.#behind) this.#forget(before, behind)
      const labels: (readonly Labels[])[] = []
      const first = next
      let lines = 0
      while (next < all.length && lines < SHEET_LINES) {
        const own = this.#source.labels(all[next++])
        labels.push(own)
        lines += own.length * this.#source.lines.length
      }
      this.#read(all, first, labels, lines)
      yield writer.bytes(this.#sheet(count, labels, lines).text)
    }
    this.#sheets.length = Math.min(this.#sheets.length, count)
  }

  #forget(before: string, behind: string): void {
    this.#sheets.length = 0
    this.#before = before
    this.#behind = behind
  }

  #read(
    all: readonly Group[],
    first: number,
    labels: readonly (readonly Labels[])[],
    lines: number,
  ): void {
    if (values.length < lines) values = new Float64Array(lines)
    let at = 0
    for (const [index, own] of labels.entries()) {
      this.#source.read(all[first + index], values, at)
      at += own.length * this.#source.lines.length
    }
  }

  /** The sheet of some series with the values that were read. */
  #sheet(index: number, labels: readonly (readonly Labels[])[], lines: number): Sheet {
    const known: GroupsSheet | undefined = this.#sheets[index]
    if (known !== undefined && areSame(known.labels, labels, areSameLabels)) {
      known.sheet.set(values)
      return known.sheet
    }
    const heads = labels.flat().flatMap((own) => this.#heads(own))
    const sheet = new Sheet(heads, values.subarray(0, lines))
    this.#sheets[index] = { labels, sheet }
    return sheet
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

function areSameLabels(left: readonly Labels[], right: readonly Labels[]): boolean {
  return left === right || areSame(left, right, Object.is)
}

function areSame<Item>(
  left: readonly Item[],
  right: readonly Item[],
  isSame: (left: Item, right: Item) => boolean,
): boolean {
  if (left.length !== right.length) return false
  for (let index = 0; index < left.length; index++) {
    if (!isSame(left[index], right[index])) return false
  }
  return true
}

function joinLabels(...texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join(',')
}
