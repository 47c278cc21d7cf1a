import type { LabelSet, SampleSink } from './label-set.js'
import { formatValue } from './text-format.js'

/** Writes samples as lines of the text format. */
export class SampleText implements SampleSink {
  readonly #name: string
  readonly #extraLabels: string
  readonly #lines: string[] = []

  /** @param extraLabels text of labels to write behind those of every sample; may be empty */
  constructor(name: string, extraLabels: string) {
    this.#name = name
    this.#extraLabels = extraLabels
  }

  sample(suffix: string, labels: LabelSet, bound: string | undefined, value: number): void {
    const own = join(labels.text, this.#extraLabels)
    const all = bound === undefined ? own : join(own, `le="${bound}"`)
    const braces = all === '' ? '' : `{${all}}`
    this.#lines.push(`${this.#name}${suffix}${braces} ${formatValue(value)}`)
  }

  /** The lines, each ended by a newline. */
  toString(): string {
    return this.#lines.map((line) => `${line}\n`).join('')
  }
}

function join(left: string, right: string): string {
  return left === '' || right === '' ? left + right : `${left},${right}`
}
