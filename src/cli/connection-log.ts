import type { Logger } from 'pino'
import type { NatsConnectionChange } from '../nats/connection-changes.js'

const MS_PER_SECOND = 1e3
/** Maximum number of lines about one connection within `WINDOW_MS`. */
const LINES_MAX = 10
const WINDOW_MS = 60_000

/** What a log says about a connection. */
export interface ConnectionTexts {
  /** The name of the connection, at the beginning of each line. */
  readonly name: string
  /** The effect of a loss, at the end of its line. */
  readonly effect: string
}

/**
 * Returns a function that logs the loss and the return of a connection to NATS. Of a connection that
 * is lost again and again, at most ten lines a minute are logged; the state at the end of the minute
 * is always logged.
 *
 * @param now a monotonic clock, in milliseconds
 */
export function connectionLog(
  logger: Pick<Logger, 'info' | 'warn'>,
  { name, effect }: ConnectionTexts,
  now: () => number = () => performance.now(),
): (change: NatsConnectionChange) => void {
  let windowMs = Number.NEGATIVE_INFINITY
  let lines = 0
  let lostMs = 0
  /** Losses since the last line about one. */
  let losses = 0
  let isConnected = true
  let latest: NatsConnectionChange | undefined
  let timer: NodeJS.Timeout | undefined

  const log = () => {
    if (latest === undefined) return
    const { connected, server, reason } = latest
    const often = losses > 1 ? `, lost ${losses} times` : ''
    lines++
    latest = undefined
    if (connected) {
      const seconds = ((now() - lostMs) / MS_PER_SECOND).toFixed(1)
      logger.info(`${name}: connected to ${server} again after ${seconds} s${often}`)
      losses = 0
    } else logger.warn(`${name}: no connection to ${server}: ${reason}; ${effect}`)
  }
  return (change) => {
    if (!change.connected && isConnected) {
      lostMs = now()
      losses++
    }
    isConnected = change.connected
    latest = change
    if (timer !== undefined) return
    if (now() - windowMs >= WINDOW_MS) {
      windowMs = now()
      lines = 0
    }
    if (lines < LINES_MAX) log()
    else {
      const wait = () => {
        timer = undefined
        windowMs = now()
        lines = 0
        log()
      }
      // The timer must not keep the process alive.
      timer = setTimeout(wait, windowMs + WINDOW_MS - now()).unref()
    }
  }
}
