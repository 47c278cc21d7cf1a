import stringWidth from 'string-width'

const ELLIPSIS = '…'
const CHARACTERS = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Columns of a terminal that a text takes; escape sequences take none. */
export function columnsOf(text: string): number {
  return stringWidth(text)
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
