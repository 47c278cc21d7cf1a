import type { MetricDefinition } from '../catalogue.js'

/** The label of each variable. The values of a variable depend on the variables before it. */
export const LABEL_VARIABLES = {
  instance: 'instance',
  model: 'model_name',
  engine: 'engine',
  operation: 'operation',
  status: 'status',
} as const

/** The name of a variable that filters by a label. */
export type LabelVariable = keyof typeof LABEL_VARIABLES

/**
 * The labels of an engine, for `by`. Prometheus sets `instance` to the target, and renames a
 * metric's own label `instance` to `exported_instance` unless `honor_labels` is set. `by` treats an
 * absent label as empty.
 */
export const BY_ENGINE = 'job, instance, exported_instance, engine'

/** The name of an engine in a legend; Grafana leaves absent labels empty. */
export const ENGINE_LEGEND = '{{instance}} {{exported_instance}} engine {{engine}}'

/** Maximum number of series in a panel, since more lines are not distinguishable. */
export const SERIES_SHOWN_MAX = 20

/** Creates queries over the metrics, filtered by the variables of the dashboard. */
export interface Queries {
  /**
   * A selector of a metric with the matchers of the variables. A metric without the label `engine`
   * is not filtered by `instance`: with `honor_labels`, the variable lists instances of engines, and
   * the metrics of the aggregator itself have its own.
   *
   * @param matchers further matchers, such as `status!="ok"`
   * @param suffix of the samples of a histogram
   */
  select(metric: MetricDefinition, matchers?: readonly string[], suffix?: string): string
  /**
   * A query for the rate of a counter per second, summed by labels, or to one value without labels.
   */
  rate(metric: MetricDefinition, by?: string, matchers?: readonly string[]): string
  /** Grafana's query for the values of a variable in a metric. */
  valuesOf(variable: LabelVariable, metric: MetricDefinition): string
}

/** @param job value of the label `job`; undefined for all jobs */
export function createQueries(job: string | undefined): Queries {
  const ofJob = job === undefined ? [] : [`job=${JSON.stringify(job)}`]
  const select: Queries['select'] = ({ name, labels }, matchers = [], suffix = '') => {
    return vector(name + suffix, [...ofJob, ...variableMatchers(labels), ...matchers])
  }
  return {
    select,
    rate: (metric, by, matchers) => sum(`rate(${select(metric, matchers)}[$__rate_interval])`, by),
    valuesOf: (variable, { name, labels }) => {
      const matchers = [...ofJob, ...variableMatchers(labels, variable)]
      return `label_values(${vector(name, matchers)}, ${LABEL_VARIABLES[variable]})`
    },
  }
}

/**
 * A vector with the number of engines that are up, of the engines that the variables select. It has
 * one sample per engine. A job whose series are totals over all engines has no series of engines, but
 * one number per server, which the variable `instance` selects.
 */
export function upEngines(
  { engineUp, enginesUp }: Readonly<Record<'engineUp' | 'enginesUp', MetricDefinition>>,
  { select }: Queries,
): string {
  const totals = select(enginesUp, [`${LABEL_VARIABLES.instance}=~"$instance"`])
  const anyEngine = select({ ...engineUp, labels: [] })
  return `${select(engineUp)} or (${totals} unless on (job) ${anyEngine})`
}

/** A query for the sum of a vector by labels, or to one value without labels. */
export function sum(vector: string, by = ''): string {
  return by === '' ? `sum(${vector})` : `sum by (${by}) (${vector})`
}

/** A query for the series with the largest values. */
export function largest(vector: string): string {
  return `topk(${SERIES_SHOWN_MAX}, ${vector})`
}

function vector(name: string, matchers: readonly string[]): string {
  return `${name}{${matchers.join(', ')}}`
}

/**
 * The matchers of the variables for the given labels.
 *
 * @param end the first variable to exclude; later ones are also excluded
 */
function variableMatchers(labels: readonly string[], end?: LabelVariable): string[] {
  const all = Object.entries(LABEL_VARIABLES)
  const before = end === undefined ? all : all.slice(0, Object.keys(LABEL_VARIABLES).indexOf(end))
  return before
    .filter(([, label]) => labels.includes(label === 'instance' ? 'engine' : label))
    .map(([variable, label]) => `${label}=~"$${variable}"`)
}
