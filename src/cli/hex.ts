const WHITE_SPACE = -1
const OTHER = -2
/** The kind of each byte: the value of a hex digit, white space, or another character. */
const KINDS = Int8Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte)
  if (/[\t\n\v\f\r ]/.test(character)) return WHITE_SPACE
  const value = Number.parseInt(character, 16)
  return Number.isNaN(value) ? OTHER : value
})

/**
 * The number of hex digits of a text; undefined if it has characters other than hex digits and
 * white space.
 */
export function countHexDigits(text: Uint8Array): number | undefined {
  let digits = 0
  // Bytes, since a string is limited to half a gigabyte.
  for (let at = 0; at < text.length; at++) {
    const kind = KINDS[text[at]]
    if (kind === OTHER) return undefined
    if (kind !== WHITE_SPACE) digits++
  }
  return digits
}

/**
 * Decodes hex digits with white space in between.
 *
 * @param digits the number of digits, which is even
 */
export function decodeHex(text: Uint8Array, digits: number): Buffer {
  const bytes = Buffer.alloc(digits / 2)
  let digit = 0
  for (let at = 0; at < text.length; at++) {
    const kind = KINDS[text[at]]
    if (kind !== WHITE_SPACE) bytes[digit++ >> 1] |= digit % 2 === 1 ? kind << 4 : kind
  }
  return bytes
}
