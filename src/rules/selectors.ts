import { type MetricDefinition, NATS_METRICS } from '../catalogue.js'
import { formatDuration } from './duration.js'
import type { RuleOptions } from './rule-options.js'

/** Label matchers of a selector: the value of each label. */
export type Matchers = Readonly<Record<string, string>>

/** Selectors of the metrics of one prefix and job, and the names of series recorded from them. */
export class Selectors {
  readonly #prefix: string
  readonly #job: Matchers
  /** The labels that identify the scrape target of a series. */
  readonly targetLabels: string

  constructor({ prefix, job, honorLabels }: Pick<RuleOptions, 'prefix' | 'job' | 'honorLabels'>) {
    this.targetLabels = honorLabels ? 'job' : 'job, instance'
    this.#prefix = prefix
    this.#job = job === undefined ? {} : { job }
  }

  /** Selects the samples of a metric, or of a histogram's `suffix` such as `_bucket`. */
  of(metric: MetricDefinition, matchers: Matchers = {}, suffix = ''): string {
    return this.#select(this.nameOf(metric) + suffix, matchers)
  }

  /**
   * The end of an expression that leaves out the targets whose state of the fleet is old: aggregators
   * that have no connection to NATS. Only an aggregator that watches a bucket has the number of
   * entries; a host of engines knows its own engines without NATS.
   */
  unlessFleetUnknown(): string {
    const { connected, entries } = NATS_METRICS
    const on = `on (${this.targetLabels})`
    return `unless ${on} (${this.of(connected)} == 0 and ${on} ${this.of(entries)})`
  }

  /** The exposed name of a metric. */
  nameOf({ name }: MetricDefinition): string {
    return this.#prefix + name
  }

  /** Selects a series that {@link recordedName} names. */
  recorded(name: string): string {
    return this.#select(name, {})
  }

  /**
   * An expression for the increase of a counter within a window, per series.
   *
   * A series that appeared within the window counted from 0, so its increase is its value;
   * `increase` would ignore the value of its first sample. This applies only if the target was
   * scraped at the start of the window; otherwise the series may be older.
   */
  growth(metric: MetricDefinition, windowSeconds: number, matchers: Matchers = {}): string {
    const counter = this.of(metric, matchers)
    const window = formatDuration(windowSeconds)
    const scraped = `${this.#select('up', {})} offset ${window} == 1`
    return (
      `(${counter} unless ${counter} offset ${window})\n` +
      `and on (${this.targetLabels}) (${scraped})\n` +
      `or increase(${counter}[${window}])`
    )
  }

  /**
   * The name of a recorded series, by Prometheus' convention `level:metric:operations`.
   *
   * @param level the labels that remain; default those of an engine and operation
   * @see https://prometheus.io/docs/practices/rules/
   */
  recordedName(
    counted: MetricDefinition,
    of: string,
    operations: string,
    level = 'instance_engine_operation',
  ): string {
    const metric = this.nameOf(counted)
      .replace(/_total$/, '')
      .replaceAll(':', '_')
    return `${level}:${metric}${of}:${operations}`
  }

  #select(name: string, matchers: Matchers): string {
    const texts = Object.entries({ ...this.#job, ...matchers }).map(
      ([label, value]) => `${label}=${JSON.stringify(value)}`,
    )
    return texts.length === 0 ? name : `${name}{${texts.join(',')}}`
  }
}

/** Indents each line of an expression. */
export function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}
