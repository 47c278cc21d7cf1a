import type { MetricDefinition } from '../catalogue.js'
import { MoonmeterError } from '../errors.js'
import type { LabelSet, SampleSink } from './label-set.js'
import { defaultLabelsOf, type MetricsRegistry } from './metrics-registry.js'
import { SampleText } from './sample-text.js'
import { formatLabels } from './text-format.js'

/** A sample as prom-client's registries exchange it. */
export interface MetricSample {
  readonly metricName: string
  readonly labels: Record<string, string>
  readonly value: number
}

/** A family with its samples, as prom-client's registries exchange it. */
export interface MetricFamily {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly aggregator: string
  readonly values: MetricSample[]
}

/**
 * One of our families as a metric of somebody's registry. prom-client's own classes take one row
 * at a time, microseconds each; this asks for the samples when it is scraped.
 */
export class RegisteredMetric {
  /** Registries of OpenMetrics write it: they cut `_total` off the names of counters. */
  name: string
  readonly help: string
  readonly type: string
  /** How prom-client merges the metric over processes of a cluster. */
  readonly aggregator = 'sum'
  readonly #definition: MetricDefinition
  readonly #registry: MetricsRegistry
  readonly #writeSamples: (sink: SampleSink) => void
  readonly #reset: () => void

  constructor(
    definition: MetricDefinition,
    registry: MetricsRegistry,
    writeSamples: (sink: SampleSink) => void,
    reset: () => void = () => {},
  ) {
    this.name = definition.name
    this.help = definition.help
    this.type = definition.type
    this.#definition = definition
    this.#registry = registry
    this.#writeSamples = writeSamples
    this.#reset = reset
  }

  /**
   * Make the registry that was given ask this metric at its scrapes.
   *
   * @throws MoonmeterError `INVALID_OPTION` when it does not take it
   */
  register(): void {
    try {
      this.#registry.registerMetric(this as never)
    } catch (cause) {
      throw new MoonmeterError(
        'INVALID_OPTION',
        `registry: expected one that takes ${this.name}, got: ${(cause as Error).message}; ` +
          'use one aggregator per registry',
        { cause },
      )
    }
  }

  /** The family as objects, every one of them new. */
  async get(): Promise<MetricFamily> {
    const { name } = this
    const values: MetricSample[] = []
    this.#writeSamples({
      sample(suffix: string, { labels }: LabelSet, bound: string | undefined, value: number) {
        values.push({
          metricName: `${name}${suffix}`,
          labels: bound === undefined ? { ...labels } : { ...labels, le: bound },
          value,
        })
      },
    })
    return this.#family(this.type, values)
  }

  /**
   * The family for a registry's text. Registries format samples one by one, which for many engines
   * takes a server's time; they copy the type as it is. So the lines ride behind the type.
   */
  async getForPromString(): Promise<MetricFamily> {
    const text = this.samplesText().trimEnd()
    return this.#family(text === '' ? this.type : `${this.type}\n${text}`, [])
  }

  /** The samples in the text format, without HELP and TYPE. */
  samplesText(): string {
    const extra = formatLabels(this.#missingDefaultLabels())
    // Samples of a counter end in `_total` in every format, so never `this.name`.
    const text = new SampleText(this.#definition.name, extra)
    this.#writeSamples(text)
    return text.toString()
  }

  /** What a registry's `resetMetrics` calls. */
  reset(): void {
    this.#reset()
  }

  #family(type: string, values: MetricSample[]): MetricFamily {
    const { name, help, aggregator } = this
    return { name, help, type, aggregator, values }
  }

  /** A sample's own label wins over a default one of the same name. */
  #missingDefaultLabels(): Record<string, string> {
    const own = this.#definition.labels
    const defaults = Object.entries(defaultLabelsOf(this.#registry))
    return Object.fromEntries(defaults.filter(([name]) => !own.includes(name)))
  }
}
