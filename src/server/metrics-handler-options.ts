import { describe } from '../describe.js'
import { MoonmeterError } from '../errors.js'
import type { FormatName } from '../exposition/formats.js'
import { requireType, resolveNumbers, TIMER_MS_MAX } from '../options.js'
import { contentTypeOf, type MetricsRegistry } from '../registry/metrics-registry.js'
import type { AuthorizationOptions } from './authorization.js'
import { type ContentEncoding, readCompression } from './content-encoding.js'
import { type EndpointPaths, type PathOptions, readPaths } from './endpoint-paths.js'
import { warnOfFailure } from './failure-warning.js'
import { readFormats } from './negotiate-format.js'

const NUMBERS = {
  responsesMax: { fallback: 16, min: 1, max: 2 ** 16, integer: true },
  stallTimeoutMs: { fallback: 5_000, min: 1, max: TIMER_MS_MAX, integer: true },
  responseTimeoutMs: { fallback: 30_000, min: 1, max: TIMER_MS_MAX, integer: true },
} as const
const OTHER_NAMES = [
  ...['basicAuth', 'bearerToken', 'compression', 'formats'],
  ...['healthPath', 'onError', 'path'],
]
/** The names of all options of a handler. */
export const HANDLER_OPTIONS: readonly string[] = [...Object.keys(NUMBERS), ...OTHER_NAMES]

/** What `metricsHandler` serves: an `EngineAggregator`, or any object with a registry. */
export interface MetricsSource {
  /** The registry whose metrics are served. */
  readonly registry: MetricsRegistry
}

/** Options of `metricsHandler`; each has a default. */
export interface MetricsHandlerOptions extends AuthorizationOptions, PathOptions {
  /**
   * The formats to serve. Each request gets the format that its `Accept` header prefers; this order
   * decides between equal preferences. A request that accepts none of them gets `text` or, if
   * `text` is not in the list, the first. A single format is served to all requests. Default
   * `['text', 'openmetrics', 'protobuf']`.
   */
  readonly formats?: readonly FormatName[] | undefined
  /**
   * The encodings to compress metrics with, off the main thread, if a request accepts them: any of
   * `gzip` and `zstd`. `true`, the default, means all that this version of Node supports; zstd
   * needs 22.15, 23.8 or later. `false` means none. Responses below 1 KiB are not compressed.
   */
  readonly compression?: boolean | readonly ContentEncoding[] | undefined
  /**
   * Called with the error of a failed scrape, which is not sent to the client. Default: a warning
   * of the process for each new message.
   */
  readonly onError?: ((error: unknown) => void) | undefined
  /**
   * Maximum number of requests for metrics that are answered at a time; further ones get status
   * 503. Each may hold an exposition in memory. Default 16.
   */
  readonly responsesMax?: number | undefined
  /**
   * Milliseconds without progress in sending a response, or in reading the rest of a request, after
   * which the connection is closed; default 5,000.
   */
  readonly stallTimeoutMs?: number | undefined
  /**
   * Milliseconds after which the connection of an unfinished response is closed, and after which an
   * unfinished rendering or compression fails with status 500; default 30,000.
   */
  readonly responseTimeoutMs?: number | undefined
}

/** The checked options with their defaults. */
export interface MetricsHandlerSettings {
  readonly formats: readonly FormatName[]
  readonly paths: EndpointPaths
  readonly encodings: readonly ContentEncoding[]
  readonly onError: (error: unknown) => void
  readonly responsesMax: number
  readonly stallTimeoutMs: number
  readonly responseTimeoutMs: number
}

/**
 * The checked options with their defaults.
 *
 * @param owner the function that takes the options, for the message
 * @throws MoonmeterError `INVALID_OPTION` for a source without a registry, a registry whose content
 * type is invalid in an HTTP header, or an unknown option or one out of range
 */
export function readHandlerOptions(
  owner: string,
  source: MetricsSource,
  options: MetricsHandlerOptions,
): MetricsHandlerSettings {
  const numbers = resolveNumbers(owner, NUMBERS, options, OTHER_NAMES)
  requireType(`${owner}.onError`, 'function', options.onError)
  if (typeof source?.registry?.metrics !== 'function') {
    throw new MoonmeterError(
      'INVALID_OPTION',
      `${owner}: expected an EngineAggregator or an object with a registry, got ${describe(source)}`,
    )
  }
  contentTypeOf(source.registry)
  return {
    ...numbers,
    paths: readPaths(owner, options),
    formats: readFormats(`${owner}.formats`, options.formats),
    encodings: readCompression(`${owner}.compression`, options.compression),
    onError: options.onError ?? ((error) => warnOfFailure('metricsHandler: a scrape', error)),
  }
}
