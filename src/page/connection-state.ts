import type { Connection } from '../live/live-client.js'
import { formatPassed } from './times.js'

/** Number of missing updates after which data counts as stale. */
const MISSING_UPDATES = 3
/**
 * Minimum milliseconds after which data counts as stale: a busy server takes up to five seconds for
 * an update.
 */
const STALE_MS_MIN = 7_000
/**
 * The messages of `fetch` when no server answers. They differ by browser and do not contain the
 * cause.
 */
const NO_ANSWER = /failed to fetch|networkerror|load failed|network error/i
const MS_PER_SECOND = 1_000

/** A connection that was lost or refused. */
export type Failure = Extract<Connection, { readonly state: 'lost' | 'refused' }>

/** The freshness of the data on the page. */
export interface Freshness {
  readonly kind: 'connecting' | 'live' | 'stale' | 'disconnected' | 'no access'
  /** The problem, as text that does not change each second; undefined without a problem. */
  readonly message?: string
  /** The cause and the duration, which change each second. */
  readonly detail?: string
}

/** The state of the connection. */
export interface ConnectionInput {
  readonly connection: Connection
  /** The last failure; undefined after the next update. */
  readonly failure: Failure | undefined
  /** Milliseconds since the last update; undefined before the first. */
  readonly silentMs: number | undefined
  /** Milliseconds between two updates. */
  readonly intervalMs: number
  /** The monotonic clock. */
  readonly nowMs: number
}

/** The freshness of the data, with texts for the banner. */
export function freshnessOf(input: ConnectionInput): Freshness {
  const { connection, failure, silentMs, intervalMs, nowMs } = input
  if (connection.state === 'unauthorized') return { kind: 'no access' }
  const silence = `No data for ${formatPassed(silentMs ?? 0)}`
  if (failure !== undefined) {
    const waitMs = connection.state === 'connecting' ? 0 : failure.retryAtMs - nowMs
    const seconds = Math.ceil(waitMs / MS_PER_SECOND)
    const next = seconds > 0 ? `reconnecting in ${seconds} s` : 'reconnecting'
    return {
      kind: 'disconnected',
      message: failure.state === 'lost' ? 'Connection lost.' : 'This server is not moonmeter.',
      detail: `${silence}, ${next}: ${reasonOf(failure)}.`,
    }
  }
  if (silentMs === undefined) return { kind: 'connecting' }
  if (silentMs < Math.max(STALE_MS_MIN, MISSING_UPDATES * intervalMs)) return { kind: 'live' }
  return { kind: 'stale', message: 'The figures are stale.', detail: `${silence}.` }
}

/** The reason of a failure, as the same text in each browser. */
export function reasonOf({ reason }: Failure): string {
  return NO_ANSWER.test(reason) ? 'the server does not answer' : reason
}
