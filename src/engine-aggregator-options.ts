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
/**
 * Single durations (2 MiB) that are kept of ended incarnations and ingested rows for exact
 * percentiles.
 */
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
   * Operations to expose from the start, such as `['load_get', 'save_put']`: for each engine, their
   * series with the statuses `ok`, `partial_failure` and `error` begin at 0, so that `rate`
   * includes the first rows. Each operation reserves three of `seriesMax`. Default none.
   */
  readonly operations?: readonly string[]
  /**
   * Metrics to count in addition to vLLM's; default none.
   *
   * - `transferred_bytes`: bytes moved; `vllm:mooncake_store_operation_bytes_total` counts bytes
   *   that calls attempted to move.
   * - `hit_keys`: keys that lookups found.
   * - `in_flight`: calls in flight, by operation.
   */
  readonly extraMetrics?: readonly ExtraMetric[]
  /** Milliseconds between an engine's reports; default 1,000. */
  readonly intervalMs?: number
  /** Milliseconds without a report after which an engine is not up; default three intervals. */
  readonly silentAfterMs?: number
  /** Called with a log line every `logIntervalMs` in which rows were recorded; default none. */
  readonly log?: LoggingOptions['log']
  /**
   * Called before a log line with approximate p90s (within 1.6 %, because of too many rows), with
   * the names of these operations. Default none.
   */
  readonly onApproximateP90?: LoggingOptions['onApproximateP90']
  /** Milliseconds between log lines; default 10,000. */
  readonly logIntervalMs?: number
  /** Called with the error of each payload that is rejected. */
  readonly onRejected?: (error: MoonmeterError) => void
  /** Maximum bytes of a payload; default 1 MiB. */
  readonly payloadBytesMax?: number
  /**
   * Maximum number of engines of all instances; rows of further ones count under `other`. Default
   * 4,096.
   */
  readonly enginesMax?: number
  /** Maximum number of series (operation × status) of a recorder, `other` included; default 32. */
  readonly seriesMax?: number
  /**
   * Maximum number of series of all engines together; rows of further ones count under `other` of
   * their engine. Default 65,536.
   */
  readonly seriesTotalMax?: number
  /** The wall clock, in milliseconds since 1970; default `Date.now`. */
  readonly now?: () => number
  /** A monotonic clock, in milliseconds; default `performance.now`. */
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
  /** Limits of stats that are summed over engines. */
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
 * Check the options and fill in the defaults.
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
  // At least as many as a journal can hold.
  const operationsMax = Math.max(OPERATIONS_MAX, numbers.seriesMax)
  const limits = { bounds: layout.bins.bounds, statusesMax: STATUSES_MAX + 1 }
  const silentAfterMs = { fallback: SILENT_INTERVALS * numbers.intervalMs, min: 1, max: 2 ** 53 }
  const { onRejected, registry } = options
  const { seriesMax, seriesTotalMax } = numbers
  const shape = readShape(options)
  return {
    ...numbers,
    // Without the option, `Registry` is the type of the created registry.
    registry: registry === undefined ? (createRegistry() as MetricsRegistry as Registry) : registry,
    modelName: options.modelName ?? 'unknown',
    shape,
    perEngine: shape.perEngine,
    operations: readOperations(options.operations, { seriesMax, seriesTotalMax }),
    extraMetrics,
    layout,
    limits: { operationsMax, statusesMax: STATUSES_MAX },
    // One more, for `other`.
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
