import { resolveNumbers } from '../options.js'
import { warnOfFailure } from '../server/failure-warning.js'
import {
  HANDLER_OPTIONS,
  type MetricsHandlerOptions,
  type MetricsHandlerSettings,
  type MetricsSource,
  readHandlerOptions,
} from '../server/metrics-handler-options.js'
import { readPath } from '../server/endpoint-paths.js'

const NUMBERS = {
  streamsMax: { fallback: 64, min: 1, max: 2 ** 16, integer: true },
  historyBytesMax: { fallback: 2 ** 26, min: 2 ** 16, max: 2 ** 32, integer: true },
} as const

/**
 * Options of `dashboardHandler`; each has a default. They are those of `metricsHandler`, so that one
 * object is for both. `formats`, `path` and `healthPath`, which are about the metrics, are checked and
 * not used.
 */
export interface DashboardOptions extends MetricsHandlerOptions {
  /**
   * Where the page is: a path that begins with `/`, without a query. It is compared with the whole
   * path and with that below the point that the handler is mounted at. Default `/`.
   */
  readonly pagePath?: string | undefined
  /**
   * Pages and terminals that are open at a time; further ones get status 503 and try again. They
   * count apart from requests for metrics. Default 64.
   */
  readonly streamsMax?: number | undefined
  /** Bytes that the last 15 minutes may take; past that, the oldest are dropped. Default 64 MiB. */
  readonly historyBytesMax?: number | undefined
}

/** The options with their defaults, checked. */
export interface DashboardSettings extends MetricsHandlerSettings {
  /** Without a trailing slash. */
  readonly pagePath: string
  readonly streamsMax: number
  readonly historyBytesMax: number
}

/**
 * The options with their defaults, checked.
 *
 * @throws MoonmeterError `INVALID_OPTION` for an unknown option or one out of range
 */
export function readDashboardOptions(
  owner: string,
  source: MetricsSource,
  options: DashboardOptions,
): DashboardSettings {
  const numbers = resolveNumbers(owner, NUMBERS, options, ['pagePath', ...HANDLER_OPTIONS])
  const { pagePath = '/', streamsMax, historyBytesMax, ...others } = options
  return {
    ...readHandlerOptions(owner, source, {
      ...others,
      onError: others.onError ?? ((error) => warnOfFailure(`${owner}: the live page`, error)),
    }),
    ...numbers,
    pagePath: readPath(`${owner}.pagePath`, pagePath),
  }
}
