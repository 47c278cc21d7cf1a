import type { Measures } from './benchmark-case.js'
import { median, type Summary, summarize } from './statistics.js'

/** The figures of one process in one round. */
export interface RawResult {
  readonly case: string
  readonly variant: string
  readonly round: number
  readonly measures: Measures
}

/** All figures of a run. */
export class Results {
  readonly raw: RawResult[] = []

  add(result: RawResult): void {
    this.raw.push(result)
  }

  /** The figure of every round. */
  values(benchmark: string, variant: string, measure: string): number[] {
    return this.raw
      .filter((result) => result.case === benchmark && result.variant === variant)
      .map(({ measures }) => measures[measure])
      .filter((value) => value !== undefined)
  }

  /** The figures of all rounds, or undefined if there are none. */
  summary(benchmark: string, variant: string, measure: string): Summary | undefined {
    const values = this.values(benchmark, variant, measure)
    return values.length === 0 ? undefined : summarize(values)
  }

  /** The median over the rounds; NaN without figures. */
  median(benchmark: string, variant: string, measure: string): number {
    return median(this.values(benchmark, variant, measure))
  }
}
