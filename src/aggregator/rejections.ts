import { MoonmeterError, REJECTION_REASONS, type RejectionReason } from '../errors.js'

/** Counts payloads and journals that are rejected, by reason. */
export class Rejections {
  readonly #onRejected: (error: MoonmeterError) => void
  // Every reason is counted from 0: Prometheus computes no rate for the first sample of a counter.
  readonly #counts = Object.fromEntries(REJECTION_REASONS.map((reason) => [reason, 0])) as Record<
    RejectionReason,
    number
  >

  /** @param onRejected called with each rejection */
  constructor(onRejected: (error: MoonmeterError) => void) {
    this.#onRejected = onRejected
  }

  /** The counts so far. */
  get counts(): Record<RejectionReason, number> {
    return { ...this.#counts }
  }

  /** Call a function that may reject a payload; a rejection is counted and returned. */
  guard(take: () => void): MoonmeterError | undefined {
    try {
      take()
      return undefined
    } catch (error) {
      if (!(error instanceof MoonmeterError) || error.reason === undefined) throw error
      this.#counts[error.reason]++
      this.#onRejected(error)
      return error
    }
  }
}
