import type { MetricDefinition } from '../catalogue.js'

/** The label that each variable filters by; the values of a variable depend on those before it. */
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
 * Labels that tell engines apart, for `by`. Prometheus gives each series the target as `instance`, and
 * renames an `instance` of the metric to `exported_instance`, unless `honor_labels` is set. An absent
 * label groups as an empty one.
 */
export const BY_ENGINE = 'job, instance, exported_instance, engine'

/** The name of an engine in a legend; Grafana leaves absent labels empty. */
export const ENGINE_LEGEND = '{{instance}} {{exported_instance}} engine {{engine}}'

/** Series of a panel at a time; the lines of thousands of engines cannot be told apart. */
export const SERIES_SHOWN_MAX = 20

/** Makes queries over the metrics, filtered by the variables of the dashboard. */
export interface Queries {
  /**
   * The series of a metric that the variables select.
   *
   * @param matchers further ones, such as `status!="ok"`
   * @param suffix of the samples of a histogram
   */
  select(metric: MetricDefinition, matchers?: readonly string[], suffix?: string): string
  /** The rate of a counter per second, summed by labels, or into one value without them. */
  rate(metric: MetricDefinition, by?: string, matchers?: readonly string[]): string
  /** The values of a variable in a metric, for Grafana. */
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

/** The sum of a vector by labels, or into one value without them. */
export function sum(vector: string, by = ''): string {
  return by === '' ? `sum(${vector})` : `sum by (${by}) (${vector})`
}

/** The series with the largest values. */
export function largest(vector: string): string {
  return `topk(${SERIES_SHOWN_MAX}, ${vector})`
}

function vector(name: string, matchers: readonly string[]): string {
  return `${name}{${matchers.join(', ')}}`
}

/**
 * Matchers of the variables that filter by these labels.
 *
 * @param end the first variable that is left out; those after it are left out too
 */
function variableMatchers(labels: readonly string[], end?: LabelVariable): string[] {
  const all = Object.entries(LABEL_VARIABLES)
  const before = end === undefined ? all : all.slice(0, Object.keys(LABEL_VARIABLES).indexOf(end))
  return before
    .filter(([, label]) => label === 'instance' || labels.includes(label))
    .map(([variable, label]) => `${label}=~"$${variable}"`)
}
