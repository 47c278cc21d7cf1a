import type { MetricDefinition } from '../catalogue.js'
import { MoonmeterError } from '../errors.js'
import { releaseChunks } from './chunk-pool.js'
import { FamilyText } from './family-text.js'
import { defaultLabelsOf, type MetricsRegistry } from './metrics-registry.js'
import { pace } from './pace.js'
import type { Labels, SampleSource } from './sample-source.js'
import { TextWriter } from './text-writer.js'

/** A chunk of text ends at the end of a line, so each can be decoded by itself. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

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
export class RegisteredMetric<Group> {
  /** Registries of OpenMetrics write it: they cut `_total` off the names of counters. */
  name: string
  readonly help: string
  readonly type: string
  /** How prom-client merges the metric over processes of a cluster. */
  readonly aggregator = 'sum'
  readonly #definition: MetricDefinition
  readonly #registry: MetricsRegistry
  readonly #source: SampleSource<Group>
  readonly #text: FamilyText<Group>
  readonly #constantLabels: Labels
  readonly #reset: () => void

  /** @param options constant labels, which precede those of a series, and what resets the source */
  constructor(
    definition: MetricDefinition,
    registry: MetricsRegistry,
    source: SampleSource<Group>,
    options: { readonly constantLabels?: Labels; readonly reset?: () => void } = {},
  ) {
    this.name = definition.name
    this.help = definition.help
    this.type = definition.type
    this.#definition = definition
    this.#registry = registry
    this.#source = source
    // Samples of a counter end in `_total` in every format, so never `this.name`.
    this.#text = new FamilyText(definition.name, source)
    this.#constantLabels = options.constantLabels ?? {}
    this.#reset = options.reset ?? (() => {})
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
    const { lines } = this.#source
    const samples: MetricSample[] = []
    for (const group of this.#source.groups()) {
      const series = this.#source.labels(group)
      const values = new Float64Array(series.length * lines.length)
      this.#source.read(group, values, 0)
      for (const [index, value] of values.entries()) {
        const { suffix, le } = lines[index % lines.length]
        const own = series[Math.floor(index / lines.length)]
        const labels = { ...this.#constantLabels, ...own, ...(le === undefined ? {} : { le }) }
        samples.push({ metricName: this.name + suffix, labels, value })
      }
    }
    return this.#family(this.type, samples)
  }

  /**
   * The family for a registry's text. Registries format samples one by one, which for many engines
   * takes a server's time; they copy the type as it is. So the lines ride behind the type.
   */
  async getForPromString(): Promise<MetricFamily> {
    const writer = new TextWriter()
    await pace(this.write(writer))
    const chunks = writer.take()
    const text = chunks
      .map((chunk) => decoder.decode(chunk))
      .join('')
      .trimEnd()
    releaseChunks(chunks)
    return this.#family(text === '' ? this.type : `${this.type}\n${text}`, [])
  }

  /** HELP and TYPE in the text format. */
  get head(): string {
    const { name, help, type } = this.#definition
    return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
  }

  /** Read the source, at once, and write the samples in the text format, as the steps are taken. */
  write(writer: TextWriter): Iterable<void> {
    return this.#text.write(writer, this.#constantLabels, this.#missingDefaultLabels())
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
  #missingDefaultLabels(): Labels {
    const own = [
      ...this.#definition.labels,
      ...(this.#definition.type === 'histogram' ? ['le'] : []),
    ]
    const defaults = Object.entries(defaultLabelsOf(this.#registry))
    return Object.fromEntries(defaults.filter(([name]) => !own.includes(name)))
  }
}
