import stringWidth from 'string-width'

const ELLIPSIS = '…'
const CHARACTERS = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** The width of a text in columns of a terminal; escape sequences have no width. */
export function columnsOf(text: string): number {
  return stringWidth(text)
}

/** Cuts a text without escape sequences to a width, with an ellipsis if it is cut. */
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

/** Cuts a text without escape sequences, or pads it with spaces, to an exact width. */
export function fitTo(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const cut = cutTo(text, columns)
  const fill = ' '.repeat(Math.max(0, columns - columnsOf(cut)))
  return align === 'left' ? cut + fill : fill + cut
}
