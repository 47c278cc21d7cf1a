import { readFileSync } from 'node:fs'
import {
  type Authenticator,
  connect,
  credsAuthenticator,
  type NatsConnection,
  nkeyAuthenticator,
  TimeoutError,
} from '@nats-io/transport-node'
import { messageOf } from '../describe.js'
import { MoonmeterError } from '../errors.js'
import type { NatsSettings } from './nats-options.js'

/** Milliseconds between attempts to reconnect, plus a random delay. */
const RECONNECT_MS = 200
const RECONNECT_JITTER_MS = 100
/**
 * Unanswered pings after which a connection counts as lost. Two, because after a blocked event loop
 * the timer of a ping fires before the answer that has already arrived is read.
 */
const PINGS_UNANSWERED = 2
const PING_MS_MIN = 500
const CERTIFICATE_HINT = ', with a certificate where the server verifies those of clients'

/**
 * Connects to one of the servers. The connection is re-established until it is closed.
 *
 * @throws MoonmeterError `NATS_FAILED` when the first connection fails, `FILE_FAILED`
 */
export async function connectTo(settings: NatsSettings): Promise<NatsConnection> {
  const { servers, user, password, token, tls, timeoutMs } = settings
  try {
    return await connect({
      servers: [...servers],
      name: 'moonmeter',
      timeout: timeoutMs,
      pingInterval: Math.max(PING_MS_MIN, timeoutMs / PINGS_UNANSWERED),
      maxPingOut: PINGS_UNANSWERED,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_MS,
      reconnectJitter: RECONNECT_JITTER_MS,
      reconnectJitterTLS: RECONNECT_JITTER_MS,
      // A server that restarts may refuse credentials for a while, which must not end the
      // connection.
      ignoreAuthErrorAbort: true,
      ...(user !== undefined && { user, pass: password ?? '' }),
      ...(token !== undefined && { token }),
      ...(tls !== undefined && { tls: { ...tls } }),
      ...authenticatorOf(settings),
    })
  } catch (cause) {
    if (cause instanceof MoonmeterError) throw cause
    // If the server refuses a certificate, it closes the connection, and the client reports a
    // time-out only.
    const isTimeout = cause instanceof TimeoutError
    throw new MoonmeterError(
      'NATS_FAILED',
      `nats: expected a connection to ${servers.join(', ')}, got ${reasonOf(cause)}; check the ` +
        `address, the credentials and the option tls${isTimeout ? CERTIFICATE_HINT : ''}`,
      { cause },
    )
  }
}

function authenticatorOf({ nkeySeed, credsFile }: NatsSettings): {
  readonly authenticator?: Authenticator
} {
  if (nkeySeed !== undefined) {
    return { authenticator: nkeyAuthenticator(new TextEncoder().encode(nkeySeed)) }
  }
  return credsFile === undefined ? {} : { authenticator: authenticatorOfFile(credsFile) }
}

/** Reads the file for each connection, since credentials expire and are replaced. */
function authenticatorOfFile(credsFile: string): Authenticator {
  const read = () => credsAuthenticator(readFileSync(credsFile))
  let authenticate: Authenticator
  try {
    authenticate = read()
  } catch (cause) {
    const message = `credsFile: expected a readable file, got ${messageOf(cause)}`
    throw new MoonmeterError('FILE_FAILED', message, { cause })
  }
  return (nonce) => {
    try {
      const next = read()
      const answer = next(nonce)
      authenticate = next
      return answer
    } catch {
      // An error would end the connection permanently, although the file may only be in
      // replacement.
      return authenticate(nonce)
    }
  }
}

/** The message of an error, and that of its cause if it adds information. */
function reasonOf(error: unknown): string {
  const message = messageOf(error)
  const cause = error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : ''
  return cause === '' || message.includes(cause) ? message : `${message} (${cause})`
}
