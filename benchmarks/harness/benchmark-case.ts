/** How thorough a run is: the whole suite, or what the targets need within a minute. */
export interface Scale {
  readonly quick: boolean
}

/** What a process measured, by the name of the measure. */
export type Measures = Readonly<Record<string, number>>

/** One process of a case. */
export interface Variant {
  readonly name: string
  readonly title: string
  /** Whether the quick suite needs it, too. */
  readonly quick?: boolean
  /** Whether it takes seconds: the quick suite then leaves it out of every second round. */
  readonly heavy?: boolean
}

/** A measure of a case, and how it is shown. */
export interface MeasureColumn {
  readonly name: string
  readonly title: string
  /** Variants whose figure the others are shown as multiples of, each in a column of its own. */
  readonly relativeTo?: readonly string[]
}

/** Something to measure, in variants that are compared. */
export interface BenchmarkCase {
  readonly name: string
  readonly title: string
  /** What is measured and how; a paragraph of Markdown. */
  readonly about: string
  readonly variants: readonly Variant[]
  /** The columns of its table; the first is what variants are ranked by, less is better. */
  readonly columns: readonly MeasureColumn[]
  /** Flags for the process of each variant. */
  readonly nodeOptions?: readonly string[]
  /** Measure one variant in this process, which does nothing else. */
  run(variant: string, scale: Scale): Promise<Measures>
}
