import { type MetricDefinition, SELF_METRICS } from '../catalogue.js'
import type { MetricsRegistry } from './metrics-registry.js'
import { oncePerTurn } from './once-per-turn.js'
import { RegisteredMetric } from './registered-metric.js'
import { type Labels, SINGLE_LINE } from './sample-source.js'

const MS_PER_SECOND = 1e3
/** The labels of what has none. */
const NO_LABELS = {}

/** What an aggregator knows of an engine's reports. */
export interface EngineHealth {
  /** Its index as text, or `other`: one object per engine, for ever. */
  readonly labels: { readonly engine: string }
  /** Whether it was heard of lately and has not said its last word. */
  readonly up: boolean
  /** Payloads accepted. */
  readonly reports: number
  /** Bytes of the payloads accepted. */
  readonly reportBytes: number
  /** When the last payload was accepted, in milliseconds since 1970; undefined before the first. */
  readonly lastReportMs: number | undefined
  /** Rows recorded over all lives. */
  readonly rows: number
}

/** How often something happened, by labels: one object per series, for ever. */
interface LabelledCount<Own extends Labels> {
  readonly labels: Own
  readonly count: number
}

/** How often payloads were refused for a reason. */
export type RejectionCount = LabelledCount<{ readonly reason: string }>
/** How often an engine, its index as text, was brought back for a reason. */
export type RestartCount = LabelledCount<{ readonly engine: string; readonly reason: string }>

/** What an aggregator knows of itself. */
export interface AggregatorHealth {
  readonly engines: readonly EngineHealth[]
  /** Payloads refused, reasons that never came up included. */
  readonly rejected: readonly RejectionCount[]
  /** Engines brought back. */
  readonly restarts: readonly RestartCount[]
}

/** Register the `moonmeter_` families, read from a source at every scrape. */
export function registerSelfMetrics(registry: MetricsRegistry, read: () => AggregatorHealth): void {
  const health = oncePerTurn(read)
  const family = <Series extends { readonly labels: Labels }>(
    definition: MetricDefinition,
    series: () => readonly Series[],
    value: (series: Series) => number,
  ) =>
    new RegisteredMetric(definition, registry, {
      lines: SINGLE_LINE,
      groups: () => [series()],
      labels: (group) => group.map(({ labels }) => labels),
      read: (group, values, at) => {
        for (const [index, one] of group.entries()) values[at + index] = value(one)
      },
    })
  const perEngine = (definition: MetricDefinition, value: (engine: EngineHealth) => number) =>
    family(definition, () => health().engines, value)
  const families = [
    family(
      SELF_METRICS.enginesUp,
      () => [{ labels: NO_LABELS, count: health().engines.filter(({ up }) => up).length }],
      ({ count }) => count,
    ),
    perEngine(SELF_METRICS.engineUp, ({ up }) => Number(up)),
    perEngine(SELF_METRICS.reports, ({ reports }) => reports),
    perEngine(SELF_METRICS.reportBytes, ({ reportBytes }) => reportBytes),
    family(
      SELF_METRICS.lastReport,
      () => health().engines.filter(hasReported),
      ({ lastReportMs }) => lastReportMs / MS_PER_SECOND,
    ),
    perEngine(SELF_METRICS.records, ({ rows }) => rows),
    family(
      SELF_METRICS.rejected,
      () => health().rejected,
      ({ count }) => count,
    ),
    family(
      SELF_METRICS.restarts,
      () => health().restarts,
      ({ count }) => count,
    ),
  ]
  for (const made of families) made.register()
}

function hasReported(
  engine: EngineHealth,
): engine is EngineHealth & { readonly lastReportMs: number } {
  return engine.lastReportMs !== undefined
}
