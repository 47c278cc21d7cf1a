import { messageOf } from '../describe.js'

/** Maximum number of distinct messages, which bounds memory and the log. */
const MESSAGES_MAX = 32

const warned = new Set<string>()

/**
 * Emits a warning of the process for a failure, once per message.
 *
 * @param what the failed operation, such as `metricsHandler: a scrape`
 */
export function warnOfFailure(what: string, error: unknown): void {
  const message = `${what} failed: ${messageOf(error)}`
  if (warned.has(message) || warned.size >= MESSAGES_MAX) return
  warned.add(message)
  process.emitWarning(message, { type: 'MoonmeterWarning' })
}
