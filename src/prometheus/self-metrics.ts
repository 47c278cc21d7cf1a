import { type MetricDefinition, SELF_METRICS } from '../catalogue.js'
import { LabelSet } from './label-set.js'
import type { MetricsRegistry } from './metrics-registry.js'
import { oncePerTurn } from './once-per-turn.js'
import { RegisteredMetric } from './registered-metric.js'
import type { SampleSink } from './sample-sink.js'

const MS_PER_SECOND = 1e3
/** The text of labels, which is gone with them. */
const labelSets = new WeakMap<object, LabelSet>()

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
  const family = <Item>(
    definition: MetricDefinition,
    items: () => Iterable<Item>,
    labels: (item: Item) => Readonly<Record<string, string>>,
    value: (item: Item) => number | undefined,
  ) => new RegisteredMetric(definition, registry, (sink) => samples(sink, items(), labels, value))
  const perEngine = (
    definition: MetricDefinition,
    value: (health: EngineHealth) => number | undefined,
  ) =>
    family(
      definition,
      () => source().engines,
      ({ labels }) => labels,
      value,
    )
  const families = [
    family(
      SELF_METRICS.enginesUp,
      () => [source().engines.filter(({ up }) => up).length],
      () => ({}),
      (up) => up,
    ),
    perEngine(SELF_METRICS.engineUp, ({ up }) => Number(up)),
    perEngine(SELF_METRICS.reports, ({ reports }) => reports),
    perEngine(SELF_METRICS.reportBytes, ({ reportBytes }) => reportBytes),
    perEngine(SELF_METRICS.lastReport, ({ lastReportMs }) =>
      lastReportMs === undefined ? undefined : lastReportMs / MS_PER_SECOND,
    ),
    perEngine(SELF_METRICS.records, ({ rows }) => rows),
    family(
      SELF_METRICS.rejected,
      () => source().rejected,
      ([reason]) => ({ reason }),
      ([, count]) => count,
    ),
    family(
      SELF_METRICS.restarts,
      () => source().restarts,
      ({ engine, reason }) => ({ engine, reason }),
      ({ count }) => count,
    ),
  ]
  for (const made of families) made.register()
}

function* samples<Item>(
  sink: SampleSink,
  items: Iterable<Item>,
  labels: (item: Item) => Readonly<Record<string, string>>,
  value: (item: Item) => number | undefined,
): Generator<void> {
  for (const item of items) {
    const shown = value(item)
    if (shown !== undefined) yield sink.sample('', labelSetOf(labels(item)), shown)
  }
}

function labelSetOf(labels: Readonly<Record<string, string>>): LabelSet {
  let labelSet = labelSets.get(labels)
  if (labelSet === undefined) {
    labelSet = new LabelSet(labels)
    labelSets.set(labels, labelSet)
  }
  return labelSet
}
