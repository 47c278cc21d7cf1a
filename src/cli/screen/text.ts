import stringWidth from 'string-width'

const ELLIPSIS = '…'
/**
 * Characters that a terminal would obey, or that change the order of those around them: control
 * characters, line separators, marks of the writing direction, and halves of surrogate pairs.
 */
const NOT_PRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu
/** What JSON has a short escape for. */
const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }
const CHARACTERS = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Columns of a terminal that a text takes; escape sequences take none. */
export function columnsOf(text: string): number {
  return stringWidth(text)
}

/** A text from outside in which no character controls a terminal: those that would are escaped. */
export function printable(text: string): string {
  return text.replace(
    NOT_PRINTABLE,
    (character) =>
      SHORT_ESCAPES[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** A text without escape sequences, cut to so many columns; an ellipsis shows that it was cut. */
export function cutTo(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text
  let cut = ''
  let width = 0
  for (const { segment } of CHARACTERS.segment(text)) {
    width += columnsOf(segment)
    if (width > columns - 1) break
    cut += segment
  }
  return columns > 0 ? cut + ELLIPSIS : ''
}

/** A text without escape sequences, cut or filled with spaces to exactly so many columns. */
export function fitTo(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const cut = cutTo(text, columns)
  const fill = ' '.repeat(Math.max(0, columns - columnsOf(cut)))
  return align === 'left' ? cut + fill : fill + cut
}
