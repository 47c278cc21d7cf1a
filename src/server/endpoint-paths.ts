import { describe } from '../describe.js'
import { MoonmeterError } from '../errors.js'

/** Where `metricsHandler` and the plugin for Fastify have what. */
export interface PathOptions {
  /**
   * Where the metrics are: a path that begins with `/`, without a query, or `*` for every path. It is
   * compared with the whole path and with that below the point that the handler is mounted at; a
   * trailing slash makes no difference. Default: `/metrics`, and wherever Express, its router or
   * connect route to the handler, which is the path of a route and the point of `use`.
   */
  readonly path?: string | undefined
  /** Where the health check is, compared like `path`; `false` for none. Default `/healthz`. */
  readonly healthPath?: string | false | undefined
}

/** The paths, checked and without a trailing slash. */
export interface EndpointPaths {
  /** Undefined where no path was given: `METRICS_PATH` then, and where a framework routes. */
  readonly path: string | undefined
  /** Undefined for no health check. */
  readonly healthPath: string | undefined
}

/** Where the metrics are by default. */
export const METRICS_PATH = '/metrics'
/** The `path` that stands for every path. */
export const EVERY_PATH = '*'
const HEALTH_PATH = '/healthz'
const PATH = /^\/[^?#\s]*$/

/**
 * The paths, checked.
 *
 * @param owner what the options belong to, for the message
 * @throws MoonmeterError `INVALID_OPTION` for what is no path, or one path for both
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
    `${owner}.healthPath: expected another path than that of the metrics, got ${describe(healthPath)}`,
  )
}

/** A path as it is compared: a trailing slash makes no difference. */
export function withoutTrailingSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

/** A path of an option, checked and without a trailing slash. */
export function readPath(name: string, path: unknown): string {
  if (typeof path === 'string' && PATH.test(path)) return withoutTrailingSlash(path)
  throw new MoonmeterError(
    'INVALID_OPTION',
    `${name}: expected a path that begins with / and has no query, got ${describe(path)}`,
  )
}
