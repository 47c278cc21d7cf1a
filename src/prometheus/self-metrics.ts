import { type MetricDefinition, SELF_METRICS } from '../catalogue.js'
import { LabelSet } from './label-set.js'
import type { MetricsRegistry } from './metrics-registry.js'
import { oncePerTurn } from './once-per-turn.js'
import { RegisteredMetric } from './registered-metric.js'

const MS_PER_SECOND = 1e3

/** What an aggregator knows of an engine's reports. */
export interface EngineHealth {
  /** Index of the engine as text, or `other`. */
  readonly engine: string
  /** Whether it is connected and not silent past its interval. */
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

/** How often an engine was brought back for a reason. */
export interface RestartCount {
  /** Index of the engine as text. */
  readonly engine: string
  readonly reason: string
  readonly count: number
}

/** What an aggregator knows of itself. */
export interface AggregatorHealth {
  readonly engines: readonly EngineHealth[]
  /** Payloads refused, by reason, reasons that never came up included. */
  readonly rejected: ReadonlyMap<string, number>
  /** Engines brought back, by engine and reason. */
  readonly restarts: readonly RestartCount[]
}

/** Register the `moonmeter_` families, read from a source at every scrape. */
export function registerSelfMetrics(registry: MetricsRegistry, read: () => AggregatorHealth): void {
  const source = oncePerTurn(read)
  const perEngine = (
    definition: MetricDefinition,
    pick: (health: EngineHealth) => number | undefined,
  ) =>
    new RegisteredMetric(definition, registry, (sink) => {
      for (const health of source().engines) {
        const value = pick(health)
        if (value === undefined) continue
        sink.sample('', new LabelSet({ engine: health.engine }), undefined, value)
      }
    })
  const families = [
    new RegisteredMetric(SELF_METRICS.enginesUp, registry, (sink) => {
      const up = source().engines.filter((health) => health.up).length
      sink.sample('', new LabelSet({}), undefined, up)
    }),
    perEngine(SELF_METRICS.engineUp, ({ up }) => Number(up)),
    perEngine(SELF_METRICS.reports, ({ reports }) => reports),
    perEngine(SELF_METRICS.reportBytes, ({ reportBytes }) => reportBytes),
    perEngine(SELF_METRICS.lastReport, ({ lastReportMs }) =>
      lastReportMs === undefined ? undefined : lastReportMs / MS_PER_SECOND,
    ),
    perEngine(SELF_METRICS.records, ({ rows }) => rows),
    new RegisteredMetric(SELF_METRICS.rejected, registry, (sink) => {
      for (const [reason, count] of source().rejected) {
        sink.sample('', new LabelSet({ reason }), undefined, count)
      }
    }),
    new RegisteredMetric(SELF_METRICS.restarts, registry, (sink) => {
      for (const { engine, reason, count } of source().restarts) {
        sink.sample('', new LabelSet({ engine, reason }), undefined, count)
      }
    }),
  ]
  for (const family of families) family.register()
}
