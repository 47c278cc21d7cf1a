/** First code unit of a surrogate pair, whose code points all lie above the other units'. */
const SURROGATE_MIN = 0xd800
const SURROGATE_END = 0xe000

/**
 * Order two strings by code point, as Python sorts; JavaScript sorts by UTF-16 unit, which puts
 * U+1F600 before U+FF5E.
 */
export function compareCodePoints(left: string, right: string): number {
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index)
    const b = right.charCodeAt(index)
    if (a !== b) return weightOf(a) - weightOf(b)
  }
  return left.length - right.length
}

/** Moves surrogates above all other units and keeps the order among each kind. */
function weightOf(unit: number): number {
  return unit >= SURROGATE_MIN && unit < SURROGATE_END ? unit + 0x10000 : unit
}
