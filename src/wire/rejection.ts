import { MoonmeterError, type RejectionReason } from '../errors.js'

/** Characters of a refused value that an error shows: a hostile payload must not flood a log. */
const SHOWN_CHARACTERS_MAX = 64

/** The error to throw for a payload that is rejected. */
export function rejection(reason: RejectionReason, expected: string, got: unknown): MoonmeterError {
  return new MoonmeterError(
    'INVALID_PAYLOAD',
    `payload: expected ${expected}, got ${describe(got)}; nothing of it was counted`,
    { reason },
  )
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (value instanceof Map) return `a map of ${value.size}`
  if (value instanceof Uint8Array) return `${value.length} bytes`
  // Reading a property of a foreign object may throw, so none is read.
  if (typeof value === 'object') return 'an object'
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text
}
