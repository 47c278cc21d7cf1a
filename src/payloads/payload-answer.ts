import type { PayloadOutcome } from './payload-receiver.js'

/**
 * The answer to the sender of a payload, as JSON: `accepted`, and either `repeated`, or the
 * `reason` of the rejection (a value of the label `reason` of `moonmeter_payloads_rejected_total`,
 * or `busy`) with a `message`, and for `busy` the seconds to wait.
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
    case 'conflicting':
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

/** Seconds to wait before a payload is sent again, rounded up. */
export function retrySecondsOf({ retryAfterMs }: { readonly retryAfterMs: number }): number {
  return Math.ceil(retryAfterMs / 1e3)
}
