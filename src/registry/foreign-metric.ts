import { describe } from '../describe.js'
import { MoonmeterError } from '../errors.js'

/** Labels of a user's metric, whose values need not be strings. */
export type ForeignLabels = Readonly<Record<string, unknown>>

/** A sample in the form of prom-client's registries. */
export interface ForeignSample {
  /** The name of the sample; default that of the metric. */
  readonly metricName?: string | undefined
  readonly labels?: ForeignLabels | null | undefined
  readonly value: unknown
  readonly exemplar?: ForeignExemplar | null | undefined
}

export interface ForeignExemplar {
  readonly labelSet?: ForeignLabels | null | undefined
  readonly value: unknown
  readonly timestamp?: unknown
}

/** The result of `get` of a user's metric. */
interface ForeignMetric {
  readonly name: string
  readonly help?: unknown
  readonly type: string
  readonly values?: readonly ForeignSample[] | undefined
}

/** @throws MoonmeterError `INVALID_OPTION` unless the value is a result of `get` of a metric */
export function assertForeign(metric: unknown): asserts metric is ForeignMetric {
  const { name, type, values = [] } = (metric ?? {}) as Partial<ForeignMetric>
  if (typeof name === 'string' && typeof type === 'string' && Array.isArray(values)) return
  throw new MoonmeterError(
    'INVALID_OPTION',
    'registry.getMetricsAsArray: expected metrics whose get returns a name, a type and a list of ' +
      `values, got ${describe(metric)}${typeof name === 'string' ? ` named ${describe(name)}` : ''}`,
  )
}
