import {
  type Exemplar,
  type FamilyDefinition,
  type Labels,
  type MetricFamily,
  NO_LABELS,
  type SampleShape,
} from '../exposition/metric-family.js'
import type { ForeignExemplar, ForeignLabels, ForeignSample } from './foreign-metric.js'

/** The samples of one series. */
interface ForeignSeries {
  readonly labels: Labels
  readonly shapes: SampleShape[]
  readonly values: number[]
  readonly exemplars: (Exemplar | undefined)[]
}

/** A family of a user's metric, with its series. */
export interface ForeignFamily {
  readonly family: MetricFamily<ForeignSeries>
  readonly groups: readonly ForeignSeries[]
}

/** Collects the samples of a family by series. */
export class ForeignFamilyBuilder {
  readonly #definition: FamilyDefinition
  /** The label of a bucket or a quantile, which is not a label of the series. */
  readonly #bound: 'le' | 'quantile' | undefined
  readonly #series = new Map<string, ForeignSeries>()
  #latest: ForeignSeries | undefined

  constructor(definition: FamilyDefinition, bound?: 'le' | 'quantile') {
    this.#definition = definition
    this.#bound = bound
  }

  add(suffix: string, { labels: given, value, exemplar }: ForeignSample): void {
    const labels = given ?? {}
    const series = this.#seriesOf(labels)
    const shape: { suffix: string; le?: string; quantile?: string } = { suffix }
    const bound = this.#bound
    if (bound !== undefined && labels[bound] !== undefined) shape[bound] = String(labels[bound])
    series.shapes.push(shape)
    series.values.push(Number(value))
    series.exemplars.push(exemplar ? readExemplar(exemplar) : undefined)
  }

  build(): ForeignFamily {
    const family: MetricFamily<ForeignSeries> = {
      definition: this.#definition,
      constantLabels: NO_LABELS,
      shapesOf: ({ shapes }) => shapes,
      labelsOf: () => NO_LABELS,
      seriesOf: ({ labels }) => [labels],
      read: (series, values, at) => values.set(series.values, at),
      exemplarOf: ({ exemplars }, _, shape) => exemplars[shape],
    }
    return { family, groups: [...this.#series.values()] }
  }

  #seriesOf(labels: ForeignLabels): ForeignSeries {
    // Fast path: samples of one series are usually consecutive.
    const latest = this.#latest
    if (latest !== undefined && this.#isSame(latest.labels, labels)) return latest
    const own = Object.entries(labels).filter(([name]) => name !== this.#bound)
    const texts = own.map(([name, value]) => [name, String(value)] as const)
    // The labels of the samples of a series may be in different orders.
    const key = JSON.stringify([...texts].sort())
    const series = this.#series.get(key) ?? {
      labels: Object.fromEntries(texts),
      shapes: [],
      values: [],
      exemplars: [],
    }
    this.#series.set(key, series)
    this.#latest = series
    return series
  }

  /** Whether labels of a sample are those of a series. */
  #isSame(series: Labels, labels: ForeignLabels): boolean {
    let count = 0
    for (const name in labels) {
      if (name === this.#bound) continue
      if (series[name] !== String(labels[name])) return false
      count++
    }
    return count === Object.keys(series).length
  }
}

function readExemplar({ labelSet, value, timestamp }: ForeignExemplar): Exemplar {
  const labels = Object.entries(labelSet ?? {}).map(([name, text]) => [name, String(text)])
  const timestampSeconds = Number(timestamp ?? Number.NaN)
  return {
    labels: Object.fromEntries(labels),
    value: Number(value),
    // Prometheus rejects a whole scrape if the time of an exemplar is not a finite number.
    timestampSeconds: Number.isFinite(timestampSeconds) ? timestampSeconds : undefined,
  }
}
