/**
 * Characters that control a terminal or change the order of the text: control characters, line
 * separators, marks of the writing direction, and halves of surrogate pairs.
 */
const NOT_PRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu
/** The short escapes of JSON. */
const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** A text for a terminal or the page, with non-printable characters escaped. */
export function printable(text: string): string {
  return text.replace(
    NOT_PRINTABLE,
    (character) =>
      SHORT_ESCAPES[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
