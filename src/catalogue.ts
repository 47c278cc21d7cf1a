/**
 * Every metric moonmeter exposes, declared once. HELP and TYPE lines, label names, the README's
 * table and everything drawn from the metrics derive from here.
 */

/** One metric family as Prometheus knows it. */
export interface MetricDefinition {
  /** The family's name; a histogram's samples add `_bucket`, `_sum` and `_count`. */
  readonly name: string
  readonly type: 'histogram' | 'counter' | 'gauge'
  readonly help: string
  /** Label names in the order in which they are written; `le` follows them. */
  readonly labels: readonly string[]
}

/** Upper bounds of the duration histogram, in seconds, `+Inf` left out: vLLM's own. */
export const DURATION_BOUNDS_SECONDS: readonly number[] = [
  0.001, 0.005, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 4,
]

/** The label value of rows that came past a limit on operations or statuses. */
export const OTHER = 'other'

const STORE_LABELS = ['model_name', 'engine', 'operation', 'status'] as const

/** The families vLLM exposes for its Mooncake store connector; names and help are vLLM's. */
export const STORE_METRICS = {
  durationSeconds: {
    name: 'vllm:mooncake_store_operation_time_seconds',
    type: 'histogram',
    help: 'Histogram of Mooncake store communication time.',
    labels: STORE_LABELS,
  },
  operations: {
    name: 'vllm:mooncake_store_operation_total',
    type: 'counter',
    help: 'Number of Mooncake store communication operations.',
    labels: STORE_LABELS,
  },
  keys: {
    name: 'vllm:mooncake_store_operation_keys_total',
    type: 'counter',
    help: 'Number of Mooncake store keys touched by operations.',
    labels: STORE_LABELS,
  },
  bytes: {
    name: 'vllm:mooncake_store_operation_bytes_total',
    type: 'counter',
    help: 'Number of bytes transferred by Mooncake store operations.',
    labels: STORE_LABELS,
  },
  failedKeys: {
    name: 'vllm:mooncake_store_operation_failed_keys_total',
    type: 'counter',
    help: 'Number of Mooncake store keys that failed in operations.',
    labels: STORE_LABELS,
  },
} as const satisfies Record<string, MetricDefinition>

/** What moonmeter says of itself. */
export const SELF_METRICS = {
  enginesUp: {
    name: 'moonmeter_engines_up',
    type: 'gauge',
    help: 'Number of engines that have not said their last word and were heard of lately.',
    labels: [],
  },
  engineUp: {
    name: 'moonmeter_engine_up',
    type: 'gauge',
    help: 'Whether the engine was heard of lately and has not said its last word (1) or not (0).',
    labels: ['engine'],
  },
  reports: {
    name: 'moonmeter_engine_reports_total',
    type: 'counter',
    help: 'Number of payloads accepted from the engine.',
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
  },
  records: {
    name: 'moonmeter_engine_records_total',
    type: 'counter',
    help: 'Number of rows that the engine recorded, over all its lives.',
    labels: ['engine'],
  },
  restarts: {
    name: 'moonmeter_engine_restarts_total',
    type: 'counter',
    help: 'Number of times the engine was brought back after it died, by how it died.',
    labels: ['engine', 'reason'],
  },
  rejected: {
    name: 'moonmeter_payloads_rejected_total',
    type: 'counter',
    help: 'Number of payloads that were refused and changed nothing, by reason.',
    labels: ['reason'],
  },
} as const satisfies Record<string, MetricDefinition>
