import type { MoonmeterError } from '../errors.js'
import { requireNumber, requireType, resolveNumbers, TIMER_MS_MAX } from '../options.js'
import { createRegistry } from '../prometheus/create-registry.js'
import type { MetricsRegistry } from '../prometheus/metrics-registry.js'
import { CellLayout, DEFAULT_LAYOUT } from '../stats/cell-layout.js'
import { OPERATIONS_MAX, STATUSES_MAX } from '../stats/connector-stats.js'
import type { SeriesLimits } from '../stats/series-labels.js'
import { PAYLOAD_BYTES_MAX } from '../wire/payload.js'
import { REPORT_SERIES_MAX } from '../wire/report.js'
import type { LoggingOptions } from './kv-connector-logging.js'

const NUMBERS = {
  intervalMs: { fallback: 1_000, min: 1, max: TIMER_MS_MAX, integer: true },
  logIntervalMs: { fallback: 10_000, min: 1, max: TIMER_MS_MAX, integer: true },
  payloadBytesMax: { fallback: PAYLOAD_BYTES_MAX, min: 1, max: 2 ** 30, integer: true },
  enginesMax: { fallback: 4_096, min: 1, max: 2 ** 20, integer: true },
  seriesMax: { fallback: 32, min: 2, max: REPORT_SERIES_MAX, integer: true },
} as const
/** Intervals without a report after which an engine no longer counts as up. */
const SILENT_INTERVALS = 3

/** Options of `EngineAggregator`; each has a default. */
export interface AggregatorOptions {
  /** Where the metrics are registered; default a registry of its own. */
  readonly registry?: MetricsRegistry
  /** The value of the `model_name` label; default `unknown`. */
  readonly modelName?: string
  /** Bucket upper bounds in seconds, ascending, `+Inf` left out; default vLLM's. */
  readonly bounds?: readonly number[]
  /** Milliseconds between an engine's reports; default 1000. */
  readonly intervalMs?: number
  /** Milliseconds without a report after which an engine is not up; default three intervals. */
  readonly silentAfterMs?: number
  /** Takes a log line every `logIntervalMs` in which there was something to tell. */
  readonly log?: LoggingOptions['log']
  /** Milliseconds between log lines; default 10 000. */
  readonly logIntervalMs?: number
  /** Told of each payload that was refused, beside the count by reason. */
  readonly onRejected?: (error: MoonmeterError) => void
  /** Bytes a payload may have; default 1 MiB. */
  readonly payloadBytesMax?: number
  /** Engine indices told apart; rows of further ones count under `other`; default 4096. */
  readonly enginesMax?: number
  /** Series (operation × status) a journal has room for; default 32, of which one is `other`. */
  readonly seriesMax?: number
  /** The wall clock, in milliseconds since 1970; default `Date.now`. */
  readonly now?: () => number
  /** A clock that only goes forward, in milliseconds; default `performance.now`. */
  readonly uptime?: () => number
}

/** The options with their defaults, checked. */
export interface AggregatorSettings
  extends Required<Omit<AggregatorOptions, 'bounds' | 'log' | 'onRejected'>> {
  readonly layout: CellLayout
  /** Names of an engine that are told apart: at least those that a journal tells apart. */
  readonly limits: SeriesLimits
  /** Of stats that add up what was named so: there is room for `other` too. */
  readonly stats: SeriesLimits & { readonly layout: CellLayout }
  readonly log: AggregatorOptions['log']
  readonly onRejected: (error: MoonmeterError) => void
}

const OTHER_NAMES: readonly (keyof AggregatorOptions)[] = [
  'registry',
  'modelName',
  'bounds',
  'silentAfterMs',
  'log',
  'onRejected',
  'now',
  'uptime',
]

/**
 * The options checked and with their defaults.
 *
 * @throws MoonmeterError `INVALID_OPTION` for an unknown option or one out of range
 */
export function readOptions(options: AggregatorOptions): AggregatorSettings {
  const numbers = resolveNumbers('EngineAggregator', NUMBERS, options, OTHER_NAMES)
  requireType('modelName', 'string', options.modelName)
  for (const name of ['log', 'onRejected', 'now', 'uptime'] as const) {
    requireType(name, 'function', options[name])
  }
  const layout = options.bounds === undefined ? DEFAULT_LAYOUT : new CellLayout(options.bounds)
  const limits = {
    operationsMax: Math.max(OPERATIONS_MAX, numbers.seriesMax),
    statusesMax: STATUSES_MAX,
  }
  const silentAfterMs = { fallback: SILENT_INTERVALS * numbers.intervalMs, min: 1, max: 2 ** 53 }
  return {
    ...numbers,
    registry: options.registry ?? createRegistry(),
    modelName: options.modelName ?? 'unknown',
    layout,
    limits,
    stats: {
      layout,
      operationsMax: limits.operationsMax + 1,
      statusesMax: limits.statusesMax + 1,
    },
    silentAfterMs: requireNumber('silentAfterMs', silentAfterMs, options.silentAfterMs),
    log: options.log,
    onRejected: options.onRejected ?? (() => {}),
    now: options.now ?? Date.now,
    uptime: options.uptime ?? (() => performance.now()),
  }
}
