import { describe } from '../describe.js'
import { MoonmeterError, type RejectionReason } from '../errors.js'

/** The error for a payload that is rejected. */
export function rejection(reason: RejectionReason, expected: string, got: unknown): MoonmeterError {
  return rejectionOf(reason, expected, describe(got))
}

/**
 * The error for a value of which only the kind is known, since it was not decoded. The reason for
 * an extension type is `extension`.
 */
export function rejectionOfKind(
  reason: RejectionReason,
  expected: string,
  kind: string,
): MoonmeterError {
  const own = kind === 'extension' ? kind : reason
  return rejectionOf(own, expected, `a MessagePack ${kind}`)
}

function rejectionOf(reason: RejectionReason, expected: string, got: string): MoonmeterError {
  const message = `payload: expected ${expected}, got ${got}; nothing of it was counted`
  return new MoonmeterError('INVALID_PAYLOAD', message, { reason })
}
