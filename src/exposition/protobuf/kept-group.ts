import { isSame } from '../is-same.js'
import type { Exemplar, Labels, MetricFamily, SampleShape } from '../metric-family.js'

/** Everything of a group except its values, as of the encoding of its messages. */
export interface KeptGroup {
  readonly labels: Labels
  readonly series: readonly Labels[]
  readonly shapes: readonly SampleShape[]
  /**
   * The creation time of each series, in seconds since 1970; empty for a family without
   * `createdOf`.
   */
  readonly created: readonly (number | undefined)[]
  /** The exemplar of each sample of each series; empty for a family without exemplars. */
  readonly exemplars: readonly (Exemplar | undefined)[]
}

/** The state of a group, for later comparison by `isKept`. */
export function keepGroup(family: MetricFamily, group: unknown): KeptGroup {
  const series = family.seriesOf(group)
  const shapes = family.shapesOf(group)
  return {
    labels: family.labelsOf(group),
    series,
    shapes,
    created:
      family.createdOf === undefined
        ? []
        : series.map((_, index) => family.createdOf?.(group, index)),
    exemplars:
      family.exemplarOf === undefined
        ? []
        : series.flatMap((_, index) =>
            shapes.map((_, shape) => family.exemplarOf?.(group, index, shape)),
          ),
  }
}

/** Whether a group differs from its kept state in its values only. */
export function isKept(kept: KeptGroup, family: MetricFamily, group: unknown): boolean {
  const { labels, series, shapes, created, exemplars } = kept
  if (family.labelsOf(group) !== labels || family.shapesOf(group) !== shapes) return false
  if (!isSame(family.seriesOf(group), series)) return false
  for (let index = 0; index < created.length; index++) {
    if (family.createdOf?.(group, index) !== created[index]) return false
  }
  if (family.exemplarOf === undefined) return true
  return exemplars.every((exemplar, index) => {
    const one = Math.floor(index / shapes.length)
    return family.exemplarOf?.(group, one, index % shapes.length) === exemplar
  })
}
