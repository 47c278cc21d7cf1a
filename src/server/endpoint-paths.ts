import { describe } from '../describe.js'
import { MoonmeterError } from '../errors.js'

/** Options of the paths of `metricsHandler` and of the plugin for Fastify. */
export interface PathOptions {
  /**
   * The path of the metrics: it begins with `/` and has no query; `*` is every path. It is compared
   * with the whole path of a request and with the path below the mount point; a trailing slash is
   * ignored. Default: `/metrics`, and any path that Express, its router or connect routes to the
   * handler, by a route or by `use`.
   */
  readonly path?: string | undefined
  /** The path of the health check, compared like `path`; `false` for none. Default `/healthz`. */
  readonly healthPath?: string | false | undefined
}

/** The checked paths, without a trailing slash. */
export interface EndpointPaths {
  /** Undefined by default: `METRICS_PATH`, and any path that a framework routes to the handler. */
  readonly path: string | undefined
  /** Undefined for no health check. */
  readonly healthPath: string | undefined
}

/** The default path of the metrics. */
export const METRICS_PATH = '/metrics'
/** The value of `path` for every path. */
export const EVERY_PATH = '*'
const HEALTH_PATH = '/healthz'
const PATH = /^\/[^?#\s]*$/

/**
 * Check the paths.
 *
 * @param owner the function that takes the options, for the message
 * @throws MoonmeterError `INVALID_OPTION` for an invalid path, or the same path for both
 */
export function readPaths(owner: string, options: PathOptions): EndpointPaths {
  const { path, healthPath = HEALTH_PATH } = options
  const paths = {
    path: path === undefined || path === EVERY_PATH ? path : readPath(`${owner}.path`, path),
    healthPath: healthPath === false ? undefined : readPath(`${owner}.healthPath`, healthPath),
  }
  if (paths.healthPath !== (paths.path ?? METRICS_PATH)) return paths
  throw new MoonmeterError(
    'INVALID_OPTION',
    `${owner}.healthPath: expected a path that differs from that of the metrics, got ${describe(healthPath)}`,
  )
}

/** A path without a trailing slash, for comparison. */
export function withoutTrailingSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

/** Check a path of an option, and remove a trailing slash. */
export function readPath(name: string, path: unknown): string {
  if (typeof path === 'string' && PATH.test(path)) return withoutTrailingSlash(path)
  throw new MoonmeterError(
    'INVALID_OPTION',
    `${name}: expected a path that begins with / and has no query, got ${describe(path)}`,
  )
}
