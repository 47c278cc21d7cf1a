import { isAscii } from 'node:buffer'
import { messageOf } from '../describe.js'
import { MoonmeterError } from '../errors.js'
import { releaseBuffers } from '../exposition/buffer-pool.js'
import type {
  ExpositionFormat,
  FamilyWriter,
  LineWriter,
  WriteOptions,
} from '../exposition/exposition-format.js'
import { FORMATS } from '../exposition/formats.js'
import type { SnapshotFamily } from '../exposition/metric-family.js'
import { SAMPLE_SUFFIXES } from '../exposition/metric-types.js'
import { OutputBuffer } from '../exposition/output-buffer.js'
import { runYielding } from '../run-yielding.js'
import type { Snapshot } from '../snapshot/snapshot.js'
import {
  canRemove,
  defaultLabelsOf,
  isOpenMetrics,
  type MetricsRegistry,
} from './metrics-registry.js'
import type { PreparedFamily } from './prepared-family.js'

/** A sample in the form of prom-client's registries. */
interface RegistrySample {
  readonly metricName: string
  readonly labels: Record<string, string>
  readonly value: number
}

/** A family with its samples in the form of prom-client's registries. */
interface RegistryFamily {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly aggregator: string
  readonly values: RegistrySample[]
}

/**
 * A family of moonmeter as a metric of a registry. prom-client's own classes observe one row at a
 * time, which takes microseconds; this class reads a snapshot at each scrape.
 */
export class RegisteredMetric {
  readonly help: string
  readonly type: string
  /** The method by which prom-client merges the metric over the processes of a cluster. */
  readonly aggregator: string
  readonly #registry: MetricsRegistry
  readonly #family: SnapshotFamily
  readonly #read: () => Promise<Snapshot>
  readonly #reset: () => void
  readonly #writers = new Map<ExpositionFormat, FamilyWriter>()

  constructor(
    registry: MetricsRegistry,
    family: SnapshotFamily,
    read: () => Promise<Snapshot>,
    reset: () => void,
  ) {
    const { help, type, aggregator = 'sum' } = family.definition
    this.help = help
    this.type = type
    this.aggregator = aggregator
    this.#registry = registry
    this.#family = family
    this.#read = read
    this.#reset = reset
  }

  get name(): string {
    return this.#family.definition.name
  }

  /**
   * Does nothing: a registry of OpenMetrics assigns the name without `_total`, and does not restore
   * it when its format changes to text. The getter returns the name for the current format.
   */
  set name(_name: string) {}

  /**
   * Register this metric.
   *
   * @throws MoonmeterError `INVALID_OPTION` when the registry rejects it
   */
  register(): void {
    const registry = this.#registry
    // A counter or a gauge has only its own name, and the registry itself rejects a second metric
    // of that name.
    const suffixes = this.type === 'histogram' ? SAMPLE_SUFFIXES.histogram : []
    for (const name of suffixes.map((suffix) => this.name + suffix)) {
      if (!canRemove(registry) || registry.getSingleMetric(name) === undefined) continue
      throw new MoonmeterError(
        'INVALID_OPTION',
        `registry: expected no other metric ${name}, a sample of ${this.name}; rename that metric`,
      )
    }
    try {
      registry.registerMetric(this as never)
    } catch (cause) {
      throw new MoonmeterError(
        'INVALID_OPTION',
        `registry: expected one that takes ${this.name}, got: ${messageOf(cause)}; ` +
          'use one aggregator per registry, or give each a prefix',
        { cause },
      )
    }
  }

  /**
   * Remove this metric from the registry, unless another metric now has its name.
   *
   * @throws MoonmeterError `INVALID_OPTION` when the registry cannot remove metrics
   */
  unregister(): void {
    const registry = this.#registry
    const { name } = this
    if (!canRemove(registry)) {
      throw new MoonmeterError(
        'INVALID_OPTION',
        `registry: expected one with getSingleMetric and removeSingleMetric, to remove ${name}; ` +
          'use a new registry instead',
      )
    }
    if (registry.getSingleMetric(name) === this) registry.removeSingleMetric(name)
  }

  /** The family as new objects. */
  async get(): Promise<RegistryFamily> {
    const family = this.#family
    const { constantLabels } = family
    const { name, type } = this.#lineWriter().head(this.#options())
    // A registry of OpenMetrics adds `_total` to the samples of a counter.
    const sampleName = type === 'counter' ? name : this.name
    const samples: RegistrySample[] = []
    for (const group of family.groups(await this.#read())) {
      const shapes = family.shapesOf(group)
      const series = family.seriesOf(group)
      const values = new Float64Array(series.length * shapes.length)
      family.read(group, values, 0)
      for (const [index, value] of values.entries()) {
        const { suffix, le } = shapes[index % shapes.length]
        const own = series[Math.floor(index / shapes.length)]
        const bucket = le === undefined ? {} : { le }
        const labels = { ...constantLabels, ...family.labelsOf(group), ...own, ...bucket }
        samples.push({ metricName: sampleName + suffix, labels, value })
      }
    }
    return this.#exchange(name, type, samples)
  }

  /**
   * The family for the text of a registry. Registries format samples one by one, which is slow for
   * many engines, but write the type unchanged. So the formatted lines are appended to the type.
   */
  async getForPromString(): Promise<RegistryFamily> {
    const output = new OutputBuffer()
    const writer = this.#lineWriter()
    const options = this.#options()
    const groups = this.#family.groups(await this.#read())
    await runYielding(writer.writeSamples(output, groups, options))
    const buffers = output.take()
    let text = ''
    // V8 represents the concatenation as a rope, which it flattens once, when the registry joins
    // its text.
    for (const buffer of buffers) text += decode(buffer)
    releaseBuffers(buffers)
    const { name, type } = writer.head(options)
    return this.#exchange(name, type + text, [])
  }

  /**
   * Read the family from a new snapshot, to be written in a format.
   *
   * @param registry the registry that is scraped; after a merge of registries, it may be another
   * one, with other default labels
   */
  async prepare(registry: MetricsRegistry, format: ExpositionFormat): Promise<PreparedFamily> {
    const { definition } = this.#family
    const groups = this.#family.groups(await this.#read())
    const writer = this.#writerOf(format)
    return {
      definition,
      write: (output, families) => {
        return writer.write(output, groups, { extraLabels: defaultLabelsOf(registry), families })
      },
    }
  }

  /** Called by a registry's `resetMetrics`. */
  reset(): void {
    this.#reset()
  }

  /** The writer of the format of the registry's `metrics`. */
  #lineWriter(): LineWriter {
    return this.#writerOf(isOpenMetrics(this.#registry) ? FORMATS.openmetrics : FORMATS.text)
  }

  #writerOf<Writer extends FamilyWriter>(format: ExpositionFormat<Writer>): Writer {
    const known = this.#writers.get(format)
    // The map contains, per format, a writer that the format created.
    if (known !== undefined) return known as Writer
    const writer = format.createWriter(this.#family)
    this.#writers.set(format, writer)
    return writer
  }

  #options(): WriteOptions {
    return { extraLabels: defaultLabelsOf(this.#registry), families: [] }
  }

  #exchange(name: string, type: string, values: RegistrySample[]): RegistryFamily {
    const { help, aggregator } = this
    return { name, help, type, aggregator, values }
  }
}

/** Decode a buffer of whole lines, with the line feed before each line instead of after it. */
function decode({ buffer, byteOffset, byteLength }: Uint8Array): string {
  if (byteLength === 0) return ''
  const bytes = Buffer.from(buffer, byteOffset, byteLength - 1)
  // Latin-1 is copied without decoding, several times as fast as UTF-8.
  return `\n${isAscii(bytes) ? bytes.toString('latin1') : bytes.toString('utf8')}`
}
