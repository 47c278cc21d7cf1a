import { messageOf } from '../describe.js'

/** Messages warned of: a bound on what is remembered, and on what a log gets. */
const MESSAGES_MAX = 32

const warned = new Set<string>()

/**
 * Emits a warning of the process about what failed, one for each message.
 *
 * @param what failed, such as `metricsHandler: a scrape`
 */
export function warnOfFailure(what: string, error: unknown): void {
  const message = `${what} failed: ${messageOf(error)}`
  if (warned.has(message) || warned.size >= MESSAGES_MAX) return
  warned.add(message)
  process.emitWarning(message, { type: 'MoonmeterWarning' })
}
