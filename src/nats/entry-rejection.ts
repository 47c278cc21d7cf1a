import { describe } from '../describe.js'
import { MoonmeterError } from '../errors.js'

/** Characters that no valid key has. A client may have written others. */
const UNPRINTABLE = /[^\x20-\x7e]/g

/**
 * The error of a rejected entry, with the key of the entry in its message; undefined for another
 * error.
 */
export function entryRejection(key: string, error: unknown): MoonmeterError | undefined {
  if (!(error instanceof MoonmeterError) || error.reason === undefined) return undefined
  const { code, reason, message } = error
  const shown = describe(key).replaceAll(UNPRINTABLE, '?')
  return new MoonmeterError(code, `entry ${shown}: ${message}`, { reason, cause: error })
}
