import {
  MoonmeterError,
  type MoonmeterErrorCode,
  type RejectionReason,
} from '../../../src/errors.js'

/** For `assert.throws`: a `MoonmeterError` with this code, and this reason if it is given. */
export function failure(code: MoonmeterErrorCode, reason?: RejectionReason) {
  return (error: unknown): boolean => {
    if (!(error instanceof MoonmeterError)) throw error
    return error.code === code && error.reason === reason && !error.message.includes('\n')
  }
}
