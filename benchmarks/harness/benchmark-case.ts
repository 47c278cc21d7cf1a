import type { FoundNode } from '../../test/nodes/find-node.js'

/** How thorough a run is: the whole suite, or only what the targets need. */
export interface Scale {
  readonly quick: boolean
}

/** The figures that a process measured, by the name of the measure. */
export type Measures = Readonly<Record<string, number>>

/** One process of a case. */
export interface Variant {
  readonly name: string
  readonly title: string
  /** Whether the quick suite runs it too. */
  readonly quick?: boolean
}

/** A measure of a case, and how it is shown. */
export interface MeasureColumn {
  readonly name: string
  readonly title: string
  /** Variants whose figure the others are shown as multiples of, each in a column of its own. */
  readonly relativeTo?: readonly string[]
}

/** A measurement in variants that are compared. */
export interface BenchmarkCase {
  readonly name: string
  readonly title: string
  /** What is measured and how; a paragraph of Markdown. */
  readonly about: string
  readonly variants: readonly Variant[]
  /** The columns of its table; variants are ranked by the first, less is better. */
  readonly columns: readonly MeasureColumn[]
  /** Flags for the process of each variant. */
  readonly nodeOptions?: readonly string[]
  /** The Node for the process of each variant; default that of the run. */
  runtime?(): FoundNode
  /** Measure one variant in this process, which does nothing else. */
  run(variant: string, scale: Scale): Promise<Measures>
}
