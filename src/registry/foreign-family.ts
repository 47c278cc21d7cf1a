import type {
  Exemplar,
  FamilyDefinition,
  Labels,
  MetricFamily,
  MetricType,
  SampleShape,
} from '../exposition/metric-family.js'
import { NO_LABELS } from '../exposition/metric-family.js'

/** A sample as registries of prom-client's kind exchange it. */
interface ForeignSample {
  /** The name of the sample; the metric's without one. */
  readonly metricName?: string | undefined
  readonly labels?: Readonly<Record<string, unknown>> | undefined
  /** Further labels, where the metric gives them apart. */
  readonly sharedLabels?: Readonly<Record<string, unknown>> | undefined
  readonly value: unknown
  readonly exemplar?: ForeignExemplar | null | undefined
}

interface ForeignExemplar {
  readonly labelSet?: Readonly<Record<string, unknown>> | undefined
  readonly value: unknown
  readonly timestamp?: unknown
}

/** What the `get` of a user's metric returns. */
interface ForeignMetric {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly values?: readonly ForeignSample[] | undefined
}

/** The samples of one series. */
interface ForeignSeries {
  readonly labels: Labels
  readonly shapes: SampleShape[]
  readonly values: number[]
  readonly exemplars: (Exemplar | undefined)[]
}

/** A family of a metric that is not ours, with its series. */
export interface ForeignFamily {
  readonly family: MetricFamily<ForeignSeries>
  readonly groups: readonly ForeignSeries[]
}

/** The suffixes of samples by type, and the label that tells samples of a series apart. */
const TYPES: {
  readonly [type: string]: {
    readonly type: MetricType
    readonly suffixes: readonly string[]
    readonly label?: 'le' | 'quantile'
  }
} = {
  counter: { type: 'counter', suffixes: [''] },
  gauge: { type: 'gauge', suffixes: [''] },
  histogram: { type: 'histogram', suffixes: ['_bucket', '_sum', '_count'], label: 'le' },
  summary: { type: 'summary', suffixes: ['', '_sum', '_count'], label: 'quantile' },
  unknown: { type: 'unknown', suffixes: [''] },
}

/**
 * The families of what a metric's `get` returned: one, and one of unknown type for each name of
 * samples that a metric of its type does not have.
 *
 * @param isOpenMetrics whether its registry is one of OpenMetrics, which names counters without
 * `_total` and adds it to their samples
 */
export function foreignFamilies(metric: ForeignMetric, isOpenMetrics: boolean): ForeignFamily[] {
  const { type, suffixes, label } =
    TYPES[Object.hasOwn(TYPES, metric.type) ? metric.type : 'unknown']
  const isRenamed = isOpenMetrics && type === 'counter'
  const rename = (name: string) => (isRenamed ? `${name.replace(/_total$/, '')}_total` : name)
  const name = rename(metric.name)
  const main = new FamilyBuilder({ name, help: metric.help, type }, label)
  const others = new Map<string, FamilyBuilder>()
  for (const sample of metric.values ?? []) {
    const sampleName = rename(sample.metricName ?? metric.name)
    const suffix = sampleName.slice(name.length)
    if (sampleName.startsWith(name) && suffixes.includes(suffix)) {
      main.add(suffix, sample)
      continue
    }
    const definition = { name: sampleName, help: metric.help, type: 'unknown' } as const
    const other = others.get(sampleName) ?? new FamilyBuilder(definition)
    others.set(sampleName, other)
    other.add('', sample)
  }
  return [main, ...others.values()].map((builder) => builder.build())
}

/** Collects the samples of a family by series. */
class FamilyBuilder {
  readonly #definition: FamilyDefinition
  readonly #label: 'le' | 'quantile' | undefined
  readonly #series = new Map<string, ForeignSeries>()

  constructor(definition: FamilyDefinition, label?: 'le' | 'quantile') {
    this.#definition = definition
    this.#label = label
  }

  add(suffix: string, { labels, sharedLabels, value, exemplar }: ForeignSample): void {
    const all = textLabels({ ...labels, ...sharedLabels })
    const shape: { suffix: string; le?: string; quantile?: string } = { suffix }
    const label = this.#label
    if (label !== undefined && all[label] !== undefined) {
      shape[label] = all[label]
      delete all[label]
    }
    // Samples of a series may have their labels in different orders.
    const key = JSON.stringify(Object.entries(all).sort())
    const known = this.#series.get(key)
    const series = known ?? { labels: all, shapes: [], values: [], exemplars: [] }
    if (known === undefined) this.#series.set(key, series)
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
}

function readExemplar({ labelSet, value, timestamp }: ForeignExemplar): Exemplar {
  return {
    labels: textLabels({ ...labelSet }),
    value: Number(value),
    timestampSeconds: timestamp === undefined ? undefined : Number(timestamp),
  }
}

function textLabels(labels: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]))
}
