import type { PayloadOutcome } from './payload-receiver.js'

/**
 * What the sender of a payload is told, as JSON: `accepted`, and either whether it was `repeated`, or
 * the `reason` why it was not accepted (one of `moonmeter_payloads_rejected_total`, or `busy`) with a
 * `message`, and for `busy` the seconds to wait.
 */
export function answerOf(outcome: PayloadOutcome): string {
  return `${JSON.stringify(fieldsOf(outcome))}\n`
}

function fieldsOf(outcome: PayloadOutcome): object {
  switch (outcome.kind) {
    case 'counted':
      return { accepted: true, repeated: false }
    case 'repeated':
      return { accepted: true, repeated: true }
    case 'rejected':
      return {
        accepted: false,
        reason: outcome.error.reason,
        message: outcome.error.message,
      }
    case 'busy':
      return {
        accepted: false,
        reason: 'busy',
        message: outcome.cause,
        retry_after_seconds: retrySecondsOf(outcome),
      }
  }
}

/** Whole seconds after which a payload is to be sent again. */
export function retrySecondsOf({ retryAfterMs }: { readonly retryAfterMs: number }): number {
  return Math.ceil(retryAfterMs / 1e3)
}
