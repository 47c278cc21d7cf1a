import { describe } from '../describe.js'
import { MoonmeterError } from '../errors.js'

/** Labels as users give them: their values need not be strings. */
export type ForeignLabels = Readonly<Record<string, unknown>>

/** A sample as registries of prom-client's kind exchange it. */
export interface ForeignSample {
  /** The name of the sample; the metric's without one. */
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

/** What the `get` of a user's metric returns. */
interface ForeignMetric {
  readonly name: string
  readonly help?: unknown
  readonly type: string
  readonly values?: readonly ForeignSample[] | undefined
}

/** @throws MoonmeterError `INVALID_OPTION` for what no `get` of a metric returns */
export function assertForeign(metric: unknown): asserts metric is ForeignMetric {
  const { name, type, values = [] } = (metric ?? {}) as Partial<ForeignMetric>
  if (typeof name === 'string' && typeof type === 'string' && Array.isArray(values)) return
  throw new MoonmeterError(
    'INVALID_OPTION',
    'registry.getMetricsAsArray: expected metrics whose get returns a name, a type and a list of ' +
      `values, got ${describe(metric)}${typeof name === 'string' ? ` named ${describe(name)}` : ''}`,
  )
}
