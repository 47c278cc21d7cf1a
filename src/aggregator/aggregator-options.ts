import { MoonmeterError } from '../errors.js'
import { integerOption, refuseUnknownOptions } from '../options.js'
import { createRegistry } from '../prometheus/create-registry.js'
import type { MetricsRegistry } from '../prometheus/metrics-registry.js'
import { CellLayout, DEFAULT_LAYOUT } from '../stats/cell-layout.js'
import { PAYLOAD_BYTES_MAX } from '../wire/payload.js'
import type { LoggingOptions } from './kv-connector-logging.js'

const INTERVAL_MS = 1_000
const LOG_INTERVAL_MS = 10_000
/** Intervals without a report after which an engine no longer counts as up. */
const SILENT_INTERVALS = 3
const SERIES_MAX = 32
const RECENT_ROWS_MAX = 2_048
const ENGINES_MAX = 4_096
const MS_RANGE = [1, 2 ** 31 - 1] as const

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
  /** Engine indices told apart; payloads of further ones are refused; default 4096. */
  readonly enginesMax?: number
  /** Series (operation × status) a journal has room for; default 32, of which one is `other`. */
  readonly seriesMax?: number
  /** Durations per series kept for exact percentiles, a power of two; default 2048. */
  readonly recentRowsMax?: number
  /** The wall clock, in milliseconds since 1970; default `Date.now`. */
  readonly now?: () => number
}

/** The options with their defaults, checked. */
export interface AggregatorSettings
  extends Required<Omit<AggregatorOptions, 'bounds' | 'log' | 'onRejected'>> {
  readonly layout: CellLayout
  readonly log: AggregatorOptions['log']
  readonly onRejected: (error: MoonmeterError) => void
}

const OPTION_NAMES: readonly (keyof AggregatorOptions)[] = [
  'registry',
  'modelName',
  'bounds',
  'intervalMs',
  'silentAfterMs',
  'log',
  'logIntervalMs',
  'onRejected',
  'payloadBytesMax',
  'enginesMax',
  'seriesMax',
  'recentRowsMax',
  'now',
]

/** @throws MoonmeterError `INVALID_OPTION` for an unknown option or one out of range */
export function readOptions(options: AggregatorOptions): AggregatorSettings {
  refuseUnknownOptions('EngineAggregator', options, OPTION_NAMES)
  const intervalMs = integerOption('intervalMs', options.intervalMs, INTERVAL_MS, MS_RANGE)
  const recentRowsMax = integerOption('recentRowsMax', options.recentRowsMax, RECENT_ROWS_MAX, [
    2,
    2 ** 20,
  ])
  if (!Number.isInteger(Math.log2(recentRowsMax))) {
    throw new MoonmeterError(
      'INVALID_OPTION',
      `recentRowsMax: expected a power of two, got ${recentRowsMax}`,
    )
  }
  const { silentAfterMs, logIntervalMs, payloadBytesMax, enginesMax, seriesMax } = options
  return {
    registry: options.registry ?? createRegistry(),
    modelName: options.modelName ?? 'unknown',
    layout: options.bounds === undefined ? DEFAULT_LAYOUT : new CellLayout(options.bounds),
    intervalMs,
    silentAfterMs: integerOption(
      'silentAfterMs',
      silentAfterMs,
      SILENT_INTERVALS * intervalMs,
      MS_RANGE,
    ),
    log: options.log,
    logIntervalMs: integerOption('logIntervalMs', logIntervalMs, LOG_INTERVAL_MS, MS_RANGE),
    onRejected: options.onRejected ?? (() => {}),
    payloadBytesMax: integerOption('payloadBytesMax', payloadBytesMax, PAYLOAD_BYTES_MAX, [
      1,
      2 ** 30,
    ]),
    enginesMax: integerOption('enginesMax', enginesMax, ENGINES_MAX, [1, 2 ** 20]),
    seriesMax: integerOption('seriesMax', seriesMax, SERIES_MAX, [2, 65_536]),
    recentRowsMax,
    now: options.now ?? Date.now,
  }
}
