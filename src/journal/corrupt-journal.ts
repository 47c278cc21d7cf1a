import { MoonmeterError } from '../errors.js'

/** The error for a journal with values that no recorder writes. */
export function corruptJournal(expected: string, got: unknown): MoonmeterError {
  return new MoonmeterError(
    'INVALID_PAYLOAD',
    `journal: expected ${expected}, got ${got}; this read was discarded; ` +
      'find the code that writes to the shared memory of the link',
    { reason: 'journal' },
  )
}
