import { messageOf } from '../describe.js'

/** Messages warned of: a bound on what is remembered, and on what a log gets. */
const MESSAGES_MAX = 32

const warned = new Set<string>()

/** Emits a warning of the process about what made a scrape fail, one for each message. */
export function warnOfFailure(error: unknown): void {
  const message = messageOf(error)
  if (warned.has(message) || warned.size >= MESSAGES_MAX) return
  warned.add(message)
  process.emitWarning(`metricsHandler: a scrape failed: ${message}`, { type: 'MoonmeterWarning' })
}
