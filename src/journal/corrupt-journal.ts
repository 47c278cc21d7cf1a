import { MoonmeterError } from '../errors.js'

/** The error to throw for a journal that holds what no recorder writes. */
export function corruptJournal(expected: string, got: unknown): MoonmeterError {
  return new MoonmeterError(
    'INVALID_PAYLOAD',
    `journal: expected ${expected}, got ${got}; nothing of it was counted; ` +
      'find the code that writes to the shared memory of the link',
    { reason: 'journal' },
  )
}
