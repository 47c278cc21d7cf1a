import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe } from '../describe.js'
import { MoonmeterError } from '../errors.js'
import { refuseUnknownOptions, requireType, resolveNumbers, TIMER_MS_MAX } from '../options.js'
import { HANDLER_OPTIONS, type MetricsHandlerOptions } from './metrics-handler-options.js'

const HOST = '127.0.0.1'
/** A name of up to 253 characters, or an address, which may have a zone. */
const HOST_NAME = /^[^\s/]{1,253}$/
const NUMBERS = {
  port: { fallback: 9464, min: 0, max: 2 ** 16 - 1, integer: true },
  connectionsMax: { fallback: 64, min: 1, max: 2 ** 16, integer: true },
  headersTimeoutMs: { fallback: 5_000, min: 1, max: TIMER_MS_MAX, integer: true },
  requestTimeoutMs: { fallback: 10_000, min: 1, max: TIMER_MS_MAX, integer: true },
} as const
const OPTIONS = ['host', 'next', ...Object.keys(NUMBERS), ...HANDLER_OPTIONS]

/** Options of `listen`; each has a default. */
export interface ListenOptions extends MetricsHandlerOptions {
  /**
   * The name or address to listen on. `0.0.0.0` is every IPv4 address of this host, and `::` every
   * address. Default `127.0.0.1`: only this host can scrape.
   */
  readonly host?: string | undefined
  /** The port; 0 chooses a free one. Default 9464. */
  readonly port?: number | undefined
  /**
   * Maximum number of open connections; past it, the connection that has been idle for longest is
   * closed. A scraper needs one. Default 64.
   */
  readonly connectionsMax?: number | undefined
  /**
   * Answers requests of paths other than those of the metrics and the health check, such as a
   * `dashboardHandler`; default status 404. During such a request, its connection does not count
   * towards `connectionsMax`; there may be 1,024 of these connections.
   */
  readonly next?: ((request: IncomingMessage, response: ServerResponse) => void) | undefined
  /** Milliseconds within which a client must send the headers of a request; default 5,000. */
  readonly headersTimeoutMs?: number | undefined
  /** Milliseconds within which a client must send a whole request; default 10,000. */
  readonly requestTimeoutMs?: number | undefined
}

/** The options of the server with their defaults, and those of its handler. */
export interface ListenSettings {
  readonly host: string
  readonly port: number
  readonly connectionsMax: number
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly next: ListenOptions['next']
  readonly handlerOptions: MetricsHandlerOptions
}

/**
 * Check the options and fill in the defaults; the handler checks its own options.
 *
 * @throws MoonmeterError `INVALID_OPTION` for an unknown option, or one out of range
 */
export function readListenOptions(options: ListenOptions): ListenSettings {
  refuseUnknownOptions('listen', options, OPTIONS)
  const {
    host = HOST,
    port,
    connectionsMax,
    headersTimeoutMs,
    requestTimeoutMs,
    next,
    ...others
  } = options
  const numbers = { port, connectionsMax, headersTimeoutMs, requestTimeoutMs }
  requireHost(host)
  requireType('listen.next', 'function', next)
  return { host, next, ...resolveNumbers('listen', NUMBERS, numbers), handlerOptions: others }
}

/** Check the host: Node would treat an empty host as every address of this host. */
function requireHost(host: unknown): void {
  if (typeof host === 'string' && HOST_NAME.test(host)) return
  throw new MoonmeterError(
    'INVALID_OPTION',
    `listen.host: expected a name or an address, such as 127.0.0.1 or ::, got ${describe(host)}`,
  )
}
