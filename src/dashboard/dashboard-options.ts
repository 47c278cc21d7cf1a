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
 * Options of `dashboardHandler`; each has a default. They include those of `metricsHandler`, so
 * that both can share one object. `formats`, `path` and `healthPath` are checked but have no effect
 * here.
 */
export interface DashboardOptions extends MetricsHandlerOptions {
  /**
   * The path of the page: it begins with `/` and has no query. It is compared with the whole path
   * of a request and with the path below the mount point. Default `/`.
   */
  readonly pagePath?: string | undefined
  /**
   * Maximum number of open pages and terminals; further ones get status 503 and retry. They do not
   * count towards `responsesMax`. Default 64.
   */
  readonly streamsMax?: number | undefined
  /**
   * Maximum bytes of the last 15 minutes; past it, the oldest intervals are dropped. Default 64
   * MiB.
   */
  readonly historyBytesMax?: number | undefined
}

/** The checked options with their defaults. */
export interface DashboardSettings extends MetricsHandlerSettings {
  /** Without a trailing slash. */
  readonly pagePath: string
  readonly streamsMax: number
  readonly historyBytesMax: number
}

/**
 * The checked options with their defaults.
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
