import type { Connection } from '../live/live-client.js'
import { formatPassed } from './times.js'

/** Updates that may be missing before data counts as stale. */
const MISSING_UPDATES = 3
/** And milliseconds at least: a busy server takes up to five seconds for an update. */
const STALE_MS_MIN = 7_000
/** The messages of `fetch` when no server answers: they differ by browser, and name no cause. */
const NO_ANSWER = /failed to fetch|networkerror|load failed|network error/i
const MS_PER_SECOND = 1_000

/** A connection that was lost or refused. */
export type Failure = Extract<Connection, { readonly state: 'lost' | 'refused' }>

/** How fresh the data on the page is. */
export interface Freshness {
  readonly kind: 'connecting' | 'live' | 'stale' | 'disconnected' | 'no access'
  /** What is wrong, in words that do not change each second; undefined when nothing is. */
  readonly message?: string
  /** Why and for how long, which changes each second. */
  readonly detail?: string
}

/** What is known of the connection. */
export interface ConnectionInput {
  readonly connection: Connection
  /** What went wrong last, until updates come again. */
  readonly failure: Failure | undefined
  /** Milliseconds since the last update; undefined before the first. */
  readonly silentMs: number | undefined
  /** Milliseconds between two updates. */
  readonly intervalMs: number
  /** The monotonic clock. */
  readonly nowMs: number
}

/** How fresh the data is, and what to say about it. */
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

/** Why a connection failed, in the same words in each browser. */
export function reasonOf({ reason }: Failure): string {
  return NO_ANSWER.test(reason) ? 'the server does not answer' : reason
}
