import { isSame } from '../is-same.js'
import type { Exemplar, Labels, MetricFamily, SampleShape } from '../metric-family.js'

/** All of a group but its values: what its messages were made of. */
export interface KeptGroup {
  readonly labels: Labels
  readonly series: readonly Labels[]
  readonly shapes: readonly SampleShape[]
  /** Per series, in seconds since 1970; empty for a family without `createdOf`. */
  readonly created: readonly (number | undefined)[]
  /** Per series and shape; empty for a family without exemplars. */
  readonly exemplars: readonly (Exemplar | undefined)[]
}

/** What `isKept` compares later states of a group with. */
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

/** Whether a group differs from the one that was kept in its values only. */
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
