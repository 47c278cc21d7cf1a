/**
 * The bytes after the value of each line, such as an exemplar; an empty list if no line has any.
 * The bytes of a line are the same object until they change.
 */
export type LineTails = readonly (Uint8Array | undefined)[]

export const NO_TAILS: LineTails = []

export function tailAt(tails: LineTails, line: number): Uint8Array | undefined {
  // Most lists are empty, and reading past the end of an array is slow.
  return tails.length === 0 ? undefined : tails[line]
}

export function isSameTails(tails: LineTails, others: LineTails): boolean {
  if (tails === others) return true
  return tails.length === others.length && tails.every((tail, line) => tail === others[line])
}

/** The bytes of all tails. */
export function tailBytes(tails: LineTails): number {
  let bytes = 0
  for (const tail of tails) bytes += tail?.length ?? 0
  return bytes
}
