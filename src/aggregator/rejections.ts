import { MoonmeterError, REJECTION_REASONS, type RejectionReason } from '../errors.js'

/** Counts refused payloads by reason. */
export class Rejections {
  // Every reason is there from the start: a counter that appears with its first event has no rate.
  readonly #counts = new Map<RejectionReason, number>(
    REJECTION_REASONS.map((reason) => [reason, 0]),
  )

  /** Refused payloads by reason. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts
  }

  /** Count what a payload was refused for; any other error is none of a payload's and goes on. */
  add(error: unknown): MoonmeterError {
    if (!(error instanceof MoonmeterError) || error.reason === undefined) throw error
    this.#counts.set(error.reason, (this.#counts.get(error.reason) ?? 0) + 1)
    return error
  }
}
