import type { LiveInterval } from './live-interval.js'

interface Group<Value> {
  readonly intervals: readonly LiveInterval[]
  readonly value: Value
}

/**
 * Values computed from groups of intervals, such as those of a slot. Only the values of groups whose
 * intervals changed are computed again.
 */
export class IntervalGroups<Value> {
  readonly #keyOf: (interval: LiveInterval) => number
  readonly #compute: (intervals: readonly LiveInterval[]) => Value
  #groups = new Map<number, Group<Value>>()

  /** @param keyOf the key of the group of an interval; intervals of a group are consecutive */
  constructor(
    keyOf: (interval: LiveInterval) => number,
    compute: (intervals: readonly LiveInterval[]) => Value,
  ) {
    this.#keyOf = keyOf
    this.#compute = compute
  }

  /** The values of these intervals, in the order of their groups. */
  of(intervals: readonly LiveInterval[]): Value[] {
    const byKey = new Map<number, LiveInterval[]>()
    for (const interval of intervals) {
      const key = this.#keyOf(interval)
      const group = byKey.get(key)
      if (group === undefined) byKey.set(key, [interval])
      else group.push(interval)
    }
    const groups = new Map<number, Group<Value>>()
    for (const [key, group] of byKey) {
      const known = this.#groups.get(key)
      const isSame =
        known?.intervals.length === group.length &&
        group.every((interval, index) => interval === known.intervals[index])
      groups.set(
        key,
        isSame ? (known as Group<Value>) : { intervals: group, value: this.#compute(group) },
      )
    }
    this.#groups = groups
    return Array.from(groups.values(), ({ value }) => value)
  }
}
