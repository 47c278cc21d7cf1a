import type { AggregationSettings } from './aggregator/aggregation.js'
import { callSafely } from './call-safely.js'
import { EXTRA_METRIC_NAMES, type ExtraMetric } from './catalogue.js'
import type { MoonmeterError } from './errors.js'
import {
  type FamilyShape,
  readShape,
  SHAPE_OPTIONS,
  type ShapeOptions,
} from './exposition/families/family-shape.js'
import { SERIES_MAX } from './journal/journal-layout.js'
import type { LoggingOptions } from './logging/kv-connector-logging.js'
import {
  requireNames,
  requireNumber,
  requireType,
  resolveNumbers,
  TIMER_MS_MAX,
} from './options.js'
import { createRegistry, type DefaultRegistry } from './registry/create-registry.js'
import type { MetricsRegistry } from './registry/metrics-registry.js'
import { ColumnLayout } from './snapshot/column-layout.js'
import { BinLayout } from './stats/bin-layout.js'
import {
  type ConnectorStatsOptions,
  OPERATIONS_MAX,
  STATUSES_MAX,
  SUM_OPERATIONS_MAX,
} from './stats/connector-stats.js'
import { readOperations } from './stats/known-operations.js'
import { PAYLOAD_BYTES_MAX } from './wire/payload.js'

const NUMBERS = {
  intervalMs: { fallback: 1_000, min: 1, max: TIMER_MS_MAX, integer: true },
  logIntervalMs: { fallback: 10_000, min: 1, max: TIMER_MS_MAX, integer: true },
  payloadBytesMax: { fallback: PAYLOAD_BYTES_MAX, min: 1, max: 2 ** 30, integer: true },
  enginesMax: { fallback: 4_096, min: 1, max: 2 ** 20, integer: true },
  seriesMax: SERIES_MAX,
  seriesTotalMax: { fallback: 65_536, min: 1, max: 2 ** 24, integer: true },
} as const
/** Single durations of ended incarnations and ingested rows kept for exact percentiles: 2 MiB. */
const DURATIONS_MAX = 2 ** 18
/** Intervals without a report after which an engine no longer counts as up. */
const SILENT_INTERVALS = 3

/** Options of `EngineAggregator`; each has a default. */
export interface AggregatorOptions<Registry extends MetricsRegistry = DefaultRegistry>
  extends ShapeOptions {
  /** The registry that the metrics are registered in; default a new one. */
  readonly registry?: Registry
  /** The value of the `model_name` label; default `unknown`. */
  readonly modelName?: string
  /**
   * Bucket upper bounds in seconds: at most 1,024 finite numbers, each larger than the one before;
   * `Infinity` may follow. Default vLLM's.
   */
  readonly bounds?: readonly number[]
  /**
   * Operations known ahead, such as `['load_get', 'save_put']`: from the engine's beginning, their
   * series with the statuses `ok`, `partial_failure` and `error` exist and are 0, so that `rate` counts
   * the first rows, too. Each operation has three places of `seriesMax` that no other takes. Default
   * none.
   */
  readonly operations?: readonly string[]
  /**
   * Metrics in addition to vLLM's: some of these. Default none; then nothing is counted for them.
   *
   * - `transferred_bytes`: bytes moved; `vllm:mooncake_store_operation_bytes_total` counts what was
   *   attempted.
   * - `hit_keys`: keys that lookups found.
   * - `in_flight`: calls that have begun and not ended, by operation.
   */
  readonly extraMetrics?: readonly ExtraMetric[]
  /** Milliseconds between an engine's reports; default 1,000. */
  readonly intervalMs?: number
  /** Milliseconds without a report after which an engine is not up; default three intervals. */
  readonly silentAfterMs?: number
  /** Called with a log line every `logIntervalMs` in which rows were recorded; default none. */
  readonly log?: LoggingOptions['log']
  /**
   * Called with the names of operations before a log line in which their p90 is not exact, but
   * within 1.6 %, since there were too many rows. Default none.
   */
  readonly onApproximateP90?: LoggingOptions['onApproximateP90']
  /** Milliseconds between log lines; default 10,000. */
  readonly logIntervalMs?: number
  /** Called with the error of each payload that is rejected, beside the count by reason. */
  readonly onRejected?: (error: MoonmeterError) => void
  /** Bytes a payload may have; default 1 MiB. */
  readonly payloadBytesMax?: number
  /**
   * Engines told apart, in all instances; rows of further ones count under `other`; default 4,096.
   */
  readonly enginesMax?: number
  /** Series (operation × status) a journal has room for, one of them `other`; default 32. */
  readonly seriesMax?: number
  /**
   * Series of all engines together that get a name of their own; rows of further ones count under
   * `other` of their engine; default 65,536.
   */
  readonly seriesTotalMax?: number
  /** The wall clock, in milliseconds since 1970; default `Date.now`. */
  readonly now?: () => number
  /** A clock that never goes back, in milliseconds; default `performance.now`. */
  readonly monotonicNow?: () => number
}

/** The options with their defaults, checked. */
export interface AggregatorSettings<Registry extends MetricsRegistry> extends AggregationSettings {
  readonly registry: Registry
  readonly modelName: string
  readonly shape: FamilyShape
  readonly extraMetrics: readonly ExtraMetric[]
  readonly log: LoggingOptions['log'] | undefined
  readonly onApproximateP90: LoggingOptions['onApproximateP90']
  readonly logIntervalMs: number
  readonly seriesMax: number
  /** Of stats that are summed over engines. */
  readonly sums: ConnectorStatsOptions
}

const FUNCTIONS = ['log', 'onApproximateP90', 'onRejected', 'now', 'monotonicNow'] as const
const OTHER_NAMES = [
  'registry',
  'modelName',
  'bounds',
  'operations',
  'silentAfterMs',
  'extraMetrics',
  ...FUNCTIONS,
  ...SHAPE_OPTIONS,
]

/**
 * The options checked and with their defaults.
 *
 * @throws MoonmeterError `INVALID_OPTION` for an unknown option or one out of range
 */
export function readOptions<Registry extends MetricsRegistry>(
  options: AggregatorOptions<Registry>,
): AggregatorSettings<Registry> {
  const numbers = resolveNumbers('EngineAggregator', NUMBERS, options, OTHER_NAMES)
  requireType('modelName', 'string', options.modelName)
  for (const name of FUNCTIONS) requireType(name, 'function', options[name])
  const extraMetrics = requireNames('extraMetrics', EXTRA_METRIC_NAMES, options.extraMetrics)
  const layout = new ColumnLayout(BinLayout.of(options.bounds), extraMetrics.length > 0)
  // At least as many as a journal tells apart.
  const operationsMax = Math.max(OPERATIONS_MAX, numbers.seriesMax)
  const limits = { bounds: layout.bins.bounds, statusesMax: STATUSES_MAX + 1 }
  const silentAfterMs = { fallback: SILENT_INTERVALS * numbers.intervalMs, min: 1, max: 2 ** 53 }
  const { onRejected, registry } = options
  const { seriesMax, seriesTotalMax } = numbers
  const shape = readShape(options)
  return {
    ...numbers,
    // Without an option, the type parameter is that of the registry that is created.
    registry: registry === undefined ? (createRegistry() as MetricsRegistry as Registry) : registry,
    modelName: options.modelName ?? 'unknown',
    shape,
    perEngine: shape.perEngine,
    operations: readOperations(options.operations, { seriesMax, seriesTotalMax }),
    extraMetrics,
    layout,
    limits: { operationsMax, statusesMax: STATUSES_MAX },
    // There is room for `other` too.
    stats: { ...limits, operationsMax: operationsMax + 1 },
    sums: { ...limits, operationsMax: Math.max(SUM_OPERATIONS_MAX, operationsMax + 1) },
    silentAfterMs: requireNumber('silentAfterMs', silentAfterMs, options.silentAfterMs),
    log: options.log,
    onApproximateP90: options.onApproximateP90,
    durationsMax: DURATIONS_MAX,
    onRejected: (error) => callSafely('onRejected', () => onRejected?.(error)),
    now: options.now ?? Date.now,
    monotonicNow: options.monotonicNow ?? (() => performance.now()),
  }
}
