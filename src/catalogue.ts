/**
 * Every metric that moonmeter exposes and every counter of a row, each declared once. HELP and TYPE
 * lines, label names, the fields of rows, journals, reports and snapshots derive from here.
 */

/** The names of one counter of a row in payloads and in results. */
interface RowCounterDefinition {
  /** Its field in a row of vLLM's payloads. */
  readonly field: string
  /** Its name in the result of `reduce`, after the name of the operation. */
  readonly reduceName: string
  /** Whether a row must contain it; the default is 0 otherwise. */
  readonly isRequired: boolean
}

/** The counters of a row, in the order of journals and reports. */
export const ROW_COUNTERS = {
  /** Keys of the call, an integer from 0 to 2^64. */
  numKeys: { field: 'num_keys', reduceName: 'total_keys', isRequired: true },
  /** Bytes the call attempted to move, whether or not it failed; default 0. */
  numBytes: { field: 'num_bytes', reduceName: 'total_bytes', isRequired: false },
  /** Keys of the call that failed; default 0. */
  numFailedKeys: { field: 'num_failed_keys', reduceName: 'failed_keys', isRequired: false },
} as const satisfies Record<string, RowCounterDefinition>

/** The name of a counter of a row. */
export type RowCounter = keyof typeof ROW_COUNTERS

/** The value of each counter: of one row, or summed over many. */
export type RowCounts = { readonly [Counter in keyof typeof ROW_COUNTERS]: number }

/** The names of the counters, in order. */
export const ROW_COUNTER_NAMES = Object.keys(ROW_COUNTERS) as readonly RowCounter[]

/**
 * Further counters of a row, counted if the option `extraMetrics` enables any metric, in the order
 * of journals and reports.
 */
export const EXTRA_COUNTER_NAMES = ['numTransferredBytes', 'numHitKeys'] as const

/** The name of an extra counter. */
export type ExtraCounter = (typeof EXTRA_COUNTER_NAMES)[number]

/** The value of each extra counter, summed over many rows. */
export interface ExtraCounts {
  /** Bytes that calls moved, without those of failed keys. */
  readonly numTransferredBytes: number
  /** Keys that lookups found. */
  readonly numHitKeys: number
}

/** The definition of one metric family. */
export interface MetricDefinition {
  /** The family's name; a histogram's samples add `_bucket`, `_sum` and `_count`. */
  readonly name: string
  readonly type: 'histogram' | 'counter' | 'gauge'
  /** The HELP text. */
  readonly help: string
  /**
   * Label names in the order of exposition; `le` follows them. If a source has an instance, the
   * label `instance` follows `engine`.
   */
  readonly labels: readonly string[]
  /** How samples with the same labels are merged over the processes of a cluster; default `sum`. */
  readonly aggregator?: 'sum' | 'max' | 'min'
}

/** The definition of a family of store operations. */
export interface StoreMetricDefinition extends MetricDefinition {
  /**
   * The exposed values: the durations as a histogram, the number of rows, or the sum of a counter.
   */
  readonly shows: 'durations' | 'rows' | RowCounter | ExtraCounter
}

/** vLLM's upper bounds of the duration histogram, in seconds, without `+Inf`. */
export const DURATION_BOUNDS_SECONDS: readonly number[] = [
  0.001, 0.005, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 4,
]

/** The label value of rows past a limit on engines, operations or statuses. */
export const OTHER = 'other'

const STORE_LABELS = ['model_name', 'engine', 'operation', 'status'] as const

/** The families vLLM exposes for its Mooncake store connector; names and help are vLLM's. */
export const STORE_METRICS = {
  durationSeconds: {
    name: 'vllm:mooncake_store_operation_time_seconds',
    type: 'histogram',
    help: 'Histogram of Mooncake store communication time.',
    labels: STORE_LABELS,
    shows: 'durations',
  },
  operations: {
    name: 'vllm:mooncake_store_operation_total',
    type: 'counter',
    help: 'Number of Mooncake store communication operations.',
    labels: STORE_LABELS,
    shows: 'rows',
  },
  keys: {
    name: 'vllm:mooncake_store_operation_keys_total',
    type: 'counter',
    help: 'Number of Mooncake store keys touched by operations.',
    labels: STORE_LABELS,
    shows: 'numKeys',
  },
  bytes: {
    name: 'vllm:mooncake_store_operation_bytes_total',
    type: 'counter',
    help: 'Number of bytes transferred by Mooncake store operations.',
    labels: STORE_LABELS,
    shows: 'numBytes',
  },
  failedKeys: {
    name: 'vllm:mooncake_store_operation_failed_keys_total',
    type: 'counter',
    help: 'Number of Mooncake store keys that failed in operations.',
    labels: STORE_LABELS,
    shows: 'numFailedKeys',
  },
} as const satisfies Record<string, StoreMetricDefinition>

/** Counters that the option `extraMetrics` adds to vLLM's metrics, by their names in the option. */
export const EXTRA_COUNTER_METRICS = {
  transferred_bytes: {
    name: 'vllm:mooncake_store_operation_transferred_bytes_total',
    type: 'counter',
    help: 'Number of bytes moved by Mooncake store operations, excluding failed keys.',
    labels: STORE_LABELS,
    shows: 'numTransferredBytes',
  },
  hit_keys: {
    name: 'vllm:mooncake_store_operation_hit_keys_total',
    type: 'counter',
    help: 'Number of keys that lookups found in the Mooncake store.',
    labels: STORE_LABELS,
    shows: 'numHitKeys',
  },
} as const satisfies Record<string, StoreMetricDefinition>

/** The gauge that the option `extraMetrics` adds for the name `in_flight`. */
export const IN_FLIGHT_METRIC = {
  name: 'vllm:mooncake_store_operations_in_flight',
  type: 'gauge',
  help: 'Number of Mooncake store operations in flight.',
  labels: ['model_name', 'engine', 'operation'],
} as const satisfies MetricDefinition

/** The name of a metric that the option `extraMetrics` adds. */
export type ExtraMetric = 'transferred_bytes' | 'hit_keys' | 'in_flight'

/** The names of the metrics that the option `extraMetrics` adds. */
export const EXTRA_METRIC_NAMES: readonly ExtraMetric[] = [
  'transferred_bytes',
  'hit_keys',
  'in_flight',
]

/** Metrics about moonmeter itself. */
export const SELF_METRICS = {
  enginesUp: {
    name: 'moonmeter_engines_up',
    type: 'gauge',
    help: 'Number of engines that have not ended and that reported within the silence time-out.',
    labels: [],
  },
  engineUp: {
    name: 'moonmeter_engine_up',
    type: 'gauge',
    help: 'Whether the engine has not ended and reported within the silence time-out (1) or not (0).',
    labels: ['engine'],
    aggregator: 'max',
  },
  engineOpen: {
    name: 'moonmeter_engine_open',
    type: 'gauge',
    help: 'Whether further reports of the engine are expected (1) or not (0).',
    labels: ['engine'],
    aggregator: 'max',
  },
  reports: {
    name: 'moonmeter_engine_reports_total',
    type: 'counter',
    help: 'Number of payloads accepted from the engine, without repeated reports.',
    labels: ['engine'],
  },
  reportBytes: {
    name: 'moonmeter_engine_report_bytes_total',
    type: 'counter',
    help: 'Number of bytes of the payloads accepted from the engine.',
    labels: ['engine'],
  },
  lastReport: {
    name: 'moonmeter_engine_last_report_timestamp_seconds',
    type: 'gauge',
    help: 'Unix time at which the last payload of the engine was accepted, in seconds.',
    labels: ['engine'],
    aggregator: 'max',
  },
  records: {
    name: 'moonmeter_engine_records_total',
    type: 'counter',
    help: 'Number of rows that the engine recorded, over all incarnations.',
    labels: ['engine'],
  },
  restarts: {
    name: 'moonmeter_engine_restarts_total',
    type: 'counter',
    help: 'Number of times that the pool restarted the engine, by reason of the end before.',
    labels: ['engine', 'reason'],
  },
  rejected: {
    name: 'moonmeter_payloads_rejected_total',
    type: 'counter',
    help: 'Number of payloads that were rejected, by reason.',
    labels: ['reason'],
  },
} as const satisfies Record<string, MetricDefinition>

/** Metrics of a process that is connected to a bucket of NATS. */
export const NATS_METRICS = {
  connected: {
    name: 'moonmeter_nats_connected',
    type: 'gauge',
    help: 'Whether there is a connection to a NATS server (1) or not (0).',
    labels: [],
    aggregator: 'min',
  },
  puts: {
    name: 'moonmeter_nats_puts_total',
    type: 'counter',
    help: 'Number of reports that the NATS server acknowledged.',
    labels: [],
  },
  putFailures: {
    name: 'moonmeter_nats_put_failures_total',
    type: 'counter',
    help: 'Number of puts of reports that failed or were not acknowledged in time.',
    labels: [],
  },
  enginesRemoved: {
    name: 'moonmeter_nats_engines_removed_total',
    type: 'counter',
    help: 'Number of engines that an aggregator ended, so that they no longer report.',
    labels: [],
  },
  rowsLeftOut: {
    name: 'moonmeter_nats_rows_left_out',
    type: 'gauge',
    help: 'Number of rows that are not published: of sources with an instance, and of other.',
    labels: [],
  },
  entries: {
    name: 'moonmeter_nats_entries',
    type: 'gauge',
    help: 'Number of entries in the bucket that the watch has received.',
    labels: [],
    aggregator: 'max',
  },
  watchRestarts: {
    name: 'moonmeter_nats_watch_restarts_total',
    type: 'counter',
    help: 'Number of times that the watch of the bucket was restarted.',
    labels: [],
  },
  missedChanges: {
    name: 'moonmeter_nats_missed_changes_total',
    type: 'counter',
    help: 'Number of changes of the bucket that the watch missed and a later check found.',
    labels: [],
  },
  foldFailures: {
    name: 'moonmeter_nats_fold_failures_total',
    type: 'counter',
    help: 'Number of failed attempts to remove ended incarnations.',
    labels: [],
  },
} as const satisfies Record<string, MetricDefinition>
