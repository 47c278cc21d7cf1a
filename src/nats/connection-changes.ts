import { PermissionViolationError, type Status } from '@nats-io/transport-node'
import { messageOf } from '../describe.js'

const CLOSED = 'the server closed the connection'
const UNANSWERED = 'the server did not answer pings'

/** The loss or the return of a connection to NATS, or a new reason why there is none. */
export interface NatsConnectionChange {
  /** Whether there is a connection. */
  readonly connected: boolean
  /** The host and port of the server that was lost, refused the connection, or is connected. */
  readonly server: string
  /** Why there is no connection; undefined if there is one. */
  readonly reason: string | undefined
}

/**
 * The changes of a connection, from the client's statuses. Attempts to connect again that fail for
 * the same reason are one change.
 */
export async function* connectionChanges(
  statuses: AsyncIterable<Status>,
): AsyncGenerator<NatsConnectionChange> {
  let isConnected = true
  let server = ''
  let reason: string | undefined
  for await (const status of statuses) {
    if (status.type === 'staleConnection') reason = UNANSWERED
    else if (status.type === 'error') {
      // The server keeps a connection whose user lacks a right.
      if (status.error instanceof PermissionViolationError) continue
      const message = messageOf(status.error)
      const isNew = message !== reason
      reason = message
      if (!isConnected && isNew) yield { connected: false, server, reason }
    } else if (status.type === 'disconnect') {
      // The client reports a disconnection again after each connection that the server refuses, and
      // then several reconnections.
      if (!isConnected) continue
      isConnected = false
      server = status.server
      reason ??= CLOSED
      yield { connected: false, server, reason }
    } else if (status.type === 'reconnect' && !isConnected) {
      isConnected = true
      server = status.server
      reason = undefined
      yield { connected: true, server, reason }
    }
  }
}
