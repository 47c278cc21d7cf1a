/**
 * Number of consecutive slots without a problem that end it. One is not enough: the newest slot may
 * have begun a moment ago.
 */
const FINE_SLOTS_MIN = 2
/** Number of consecutive slots without data that end a problem: a minute. */
const EMPTY_SLOTS_MIN = 12

/**
 * Where a problem that still exists began. It exists if one of the last slots has it.
 *
 * @param slots ascending
 * @param hasProblem whether a slot has the problem; undefined for a slot without data
 * @returns the index of the first slot with the problem; undefined if the problem does not exist
 */
export function ongoingSince<Slot>(
  slots: readonly Slot[],
  hasProblem: (slot: Slot) => boolean | undefined,
): number | undefined {
  let first: number | undefined
  let [fine, empty] = [0, 0]
  for (let index = slots.length - 1; index >= 0; index--) {
    const isProblem = hasProblem(slots[index])
    if (isProblem === undefined) empty++
    else {
      empty = 0
      fine = isProblem ? 0 : fine + 1
      if (isProblem) first = index
    }
    if (fine === FINE_SLOTS_MIN || empty === EMPTY_SLOTS_MIN) break
  }
  return first
}
