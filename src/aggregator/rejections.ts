import { MoonmeterError, REJECTION_REASONS, type RejectionReason } from '../errors.js'
import type { RejectionCount } from '../prometheus/self-metrics.js'

/** Counts refused payloads by reason. */
export class Rejections {
  // Every reason is there from the start: a counter that appears with its first event has no rate.
  readonly #counts = new Map<RejectionReason, RejectionCount>(
    REJECTION_REASONS.map((reason) => [reason, { labels: { reason }, count: 0 }]),
  )

  /** Refused payloads by reason. */
  get counts(): RejectionCount[] {
    return [...this.#counts.values()]
  }

  /** Count what a payload was refused for; any other error is none of a payload's and goes on. */
  add(error: unknown): MoonmeterError {
    if (!(error instanceof MoonmeterError) || error.reason === undefined) throw error
    const known = this.#counts.get(error.reason)
    const { labels, count } = known ?? { labels: { reason: error.reason }, count: 0 }
    this.#counts.set(error.reason, { labels, count: count + 1 })
    return error
  }
}
