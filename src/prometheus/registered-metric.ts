import type { MetricDefinition } from '../catalogue.js'
import { MoonmeterError } from '../errors.js'
import { LabelSet } from './label-set.js'
import { defaultLabelsOf, type MetricsRegistry } from './metrics-registry.js'
import { pace } from './pace.js'
import type { SampleSource } from './sample-sink.js'
import { TextWriter } from './text-writer.js'

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
  readonly #samples: SampleSource
  readonly #reset: () => void

  constructor(
    definition: MetricDefinition,
    registry: MetricsRegistry,
    samples: SampleSource,
    reset: () => void = () => {},
  ) {
    this.name = definition.name
    this.help = definition.help
    this.type = definition.type
    this.#definition = definition
    this.#registry = registry
    this.#samples = samples
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
    const steps = this.#samples({
      sample(suffix: string, { labels }: LabelSet, bound: string | undefined, value: number) {
        values.push({
          metricName: `${name}${suffix}`,
          labels: bound === undefined ? { ...labels } : { ...labels, le: bound },
          value,
        })
      },
    })
    for (const _ of steps);
    return this.#family(this.type, values)
  }

  /**
   * The family for a registry's text. Registries format samples one by one, which for many engines
   * takes a server's time; they copy the type as it is. So the lines ride behind the type.
   */
  async getForPromString(): Promise<MetricFamily> {
    const text = Buffer.concat(await this.#samplesText())
      .toString()
      .trimEnd()
    return this.#family(text === '' ? this.type : `${this.type}\n${text}`, [])
  }

  /** The family in the text format with HELP and TYPE, as chunks of UTF-8. */
  async render(): Promise<Uint8Array[]> {
    const { name, help, type } = this.#definition
    const head = Buffer.from(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`)
    return [head, ...(await this.#samplesText())]
  }

  /** What a registry's `resetMetrics` calls. */
  reset(): void {
    this.#reset()
  }

  #family(type: string, values: MetricSample[]): MetricFamily {
    const { name, help, aggregator } = this
    return { name, help, type, aggregator, values }
  }

  async #samplesText(): Promise<Uint8Array[]> {
    // Samples of a counter end in `_total` in every format, so never `this.name`.
    const writer = new TextWriter(this.#definition.name, new LabelSet(this.#missingDefaultLabels()))
    await pace(this.#samples(writer))
    return writer.take()
  }

  /** A sample's own label wins over a default one of the same name. */
  #missingDefaultLabels(): Record<string, string> {
    const own = this.#definition.labels
    const defaults = Object.entries(defaultLabelsOf(this.#registry))
    return Object.fromEntries(defaults.filter(([name]) => !own.includes(name)))
  }
}
