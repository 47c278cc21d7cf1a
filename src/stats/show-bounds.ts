/** Bounds up to which a message shows all of a list. */
const SHOWN_MAX = 32

/**
 * Bucket bounds as the message of an error shows them beside others: all of a short list; of a longer
 * one its length and the first that differs.
 */
export function showBounds(bounds: ArrayLike<number>, others: ArrayLike<number>): string {
  const { length } = bounds
  if (length <= SHOWN_MAX) return Array.from(bounds).join(' ')
  let index = 0
  while (index < length && bounds[index] === others[index]) index++
  const difference = index < length ? `, at index ${index}: ${bounds[index]}` : ''
  return `[${length} numbers${difference}]`
}
