import type { FoundNode } from '../../test/nodes/find-node.js'

/** The extent of a run: the whole suite, or only the cases with targets. */
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

/** A measure of a case, and its format. */
export interface MeasureColumn {
  readonly name: string
  readonly title: string
  /** Reference variants. For each, a column shows the figures as multiples of its figure. */
  readonly relativeTo?: readonly string[]
}

/** A measurement of several variants, which are compared. */
export interface BenchmarkCase {
  readonly name: string
  readonly title: string
  /** A description of the measurement; a paragraph of Markdown. */
  readonly about: string
  readonly variants: readonly Variant[]
  /** The columns of its table; variants are ranked by the first, less is better. */
  readonly columns: readonly MeasureColumn[]
  /** Flags for the process of each variant. */
  readonly nodeOptions?: readonly string[]
  /** The Node for the process of each variant; default that of the run. */
  runtime?(): FoundNode
  /** Measures one variant in this process, which has no other work. */
  run(variant: string, scale: Scale): Promise<Measures>
}
