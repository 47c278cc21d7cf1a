/** Longest list of bounds that a message shows completely. */
const SHOWN_MAX = 32

/**
 * Bucket bounds as text for an error that compares two lists: a short list completely; of a longer
 * list, its length and the first bound that differs.
 */
export function showBounds(bounds: ArrayLike<number>, others: ArrayLike<number>): string {
  const { length } = bounds
  if (length <= SHOWN_MAX) return Array.from(bounds).join(' ')
  let index = 0
  while (index < length && bounds[index] === others[index]) index++
  const difference = index < length ? `, at index ${index}: ${bounds[index]}` : ''
  return `[${length} numbers${difference}]`
}
