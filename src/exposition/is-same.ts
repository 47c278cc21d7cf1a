/** Whether two lists contain the same objects, or lists of the same objects. */
export function isSame(left: readonly unknown[], right: readonly unknown[]): boolean {
  if (left === right) return true
  if (left.length !== right.length) return false
  for (let index = 0; index < left.length; index++) {
    const one = left[index]
    const other = right[index]
    if (one === other) continue
    if (!Array.isArray(one) || !Array.isArray(other) || !isSame(one, other)) return false
  }
  return true
}
