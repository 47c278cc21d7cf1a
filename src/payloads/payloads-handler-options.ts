import { describe } from '../describe.js'
import { MoonmeterError } from '../errors.js'
import { requireType, resolveNumbers, TIMER_MS_MAX } from '../options.js'
import type { AuthorizationOptions } from '../server/authorization.js'
import { readPath } from '../server/endpoint-paths.js'
import { warnOfFailure } from '../server/failure-warning.js'
import type { PayloadReceiver } from './payload-receiver.js'

const OWNER = 'payloadsHandler'
const PATH = '/v1/payloads'
const NUMBERS = {
  bodiesMax: { fallback: 64, min: 1, max: 2 ** 16, integer: true },
  bodyTimeoutMs: { fallback: 10_000, min: 1, max: TIMER_MS_MAX, integer: true },
} as const

/** Options of `payloadsHandler`. Credentials are required; the others have a default. */
export interface PayloadsHandlerOptions extends AuthorizationOptions {
  /**
   * The path before the index of the engine, matched like the `path` of `metricsHandler`. Default
   * `/v1/payloads`.
   */
  readonly path?: string | undefined
  /**
   * Maximum number of bodies that are read at a time; further requests get status 503. Default 64.
   */
  readonly bodiesMax?: number | undefined
  /** Milliseconds within which a body must be received, and its response sent; default 10,000. */
  readonly bodyTimeoutMs?: number | undefined
  /**
   * Called with the error of a failed request, which is not sent to the client. Default: a warning
   * of the process for each new message.
   */
  readonly onError?: ((error: unknown) => void) | undefined
}

/** The checked options with their defaults; `Authorization` checks the credentials. */
export interface PayloadsHandlerSettings {
  /** Without a trailing slash. */
  readonly path: string
  readonly bodiesMax: number
  readonly bodyTimeoutMs: number
  readonly onError: (error: unknown) => void
}

/**
 * Check the options and fill in the defaults.
 *
 * @throws MoonmeterError `INVALID_OPTION` for an invalid receiver, an unknown option or one out of
 * range, and without credentials
 */
export function readPayloadsOptions(
  receiver: PayloadReceiver,
  options: PayloadsHandlerOptions,
): PayloadsHandlerSettings {
  const others = ['basicAuth', 'bearerToken', 'onError', 'path']
  const numbers = resolveNumbers(OWNER, NUMBERS, options, others)
  requireType(`${OWNER}.onError`, 'function', options.onError)
  if (typeof receiver?.receive !== 'function') {
    throw new MoonmeterError(
      'INVALID_OPTION',
      `${OWNER}: expected a receiver of payloadReceiver or receivePayloads, got ${describe(receiver)}`,
    )
  }
  const { path = PATH, bearerToken, basicAuth, onError } = options
  if (bearerToken === undefined && basicAuth === undefined) {
    throw new MoonmeterError(
      'INVALID_OPTION',
      `${OWNER}: expected bearerToken or basicAuth, got none; whoever can send payloads can change ` +
        'the counts',
    )
  }
  return {
    ...numbers,
    path: readPath(`${OWNER}.path`, path),
    onError: onError ?? ((error) => warnOfFailure(`${OWNER}: a payload`, error)),
  }
}
