/**
 * Characters that a terminal would obey, or that change the order of those around them: control
 * characters, line separators, marks of the writing direction, and halves of surrogate pairs.
 */
const NOT_PRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu
/** What JSON has a short escape for. */
const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** A text from outside for a terminal or the page, with control characters and the like escaped. */
export function printable(text: string): string {
  return text.replace(
    NOT_PRINTABLE,
    (character) =>
      SHORT_ESCAPES[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
