import { RULE_NUMBERS } from '../rules/rule-options.js'
import { IntervalGroups } from './interval-groups.js'
import type { LiveFilter } from './live-filter.js'
import { slotOf } from './live-history.js'
import { type LiveInterval, SeriesReader } from './live-interval.js'
import { ongoingSince } from './ongoing-since.js'

/** Failed keys per key above which an operation is failing: that of the alert rule. */
export const FAILING_RATIO = RULE_NUMBERS.failedKeyRatio.fallback
/** Minimum keys since the begin of the failure, as for the alert rule. */
export const FAILING_KEYS_MIN = RULE_NUMBERS.keysMin.fallback

/** The failure of an operation. */
export interface OperationFailure {
  /** Failed keys per key since then, over all statuses; 0 to 1. */
  readonly failedKeyRatio: number
  /** Start of the first slot of the failure, in milliseconds since 1970. */
  readonly sinceMs: number
}

interface KeyCounts {
  readonly numKeys: number
  readonly numFailedKeys: number
}

interface Slot {
  readonly fromMs: number
  readonly keys: ReadonlyMap<string, KeyCounts>
}

/**
 * Finds the operations that are failing now: more than `FAILING_RATIO` of their keys failed in the
 * last slots. The filter's engine applies; its status does not, since the ratio of one status says
 * nothing.
 */
export class FailingOperations {
  readonly #slots: IntervalGroups<Slot>

  constructor({ source }: LiveFilter) {
    this.#slots = new IntervalGroups(slotOf, (intervals) => ({
      fromMs: intervals[0]?.fromMs ?? 0,
      keys: keysOf(intervals, source),
    }))
  }

  /**
   * The failures by operation.
   *
   * @param intervals all intervals of the history, ascending
   */
  of(intervals: readonly LiveInterval[]): ReadonlyMap<string, OperationFailure> {
    const slots = this.#slots.of(intervals)
    const operations = new Set(slots.flatMap(({ keys }) => [...keys.keys()]))
    const failures = new Map<string, OperationFailure>()
    for (const operation of operations) {
      const first = ongoingSince(slots, ({ keys }) => isFailing(keys.get(operation)))
      if (first === undefined) continue
      const total = sumOf(slots.slice(first).map(({ keys }) => keys.get(operation)))
      if (total.numKeys < FAILING_KEYS_MIN || isFailing(total) !== true) continue
      const failedKeyRatio = total.numFailedKeys / total.numKeys
      failures.set(operation, { failedKeyRatio, sinceMs: slots[first].fromMs })
    }
    return failures
  }
}

/** Undefined without keys. */
function isFailing(counts: KeyCounts | undefined): boolean | undefined {
  if (counts === undefined || counts.numKeys === 0) return undefined
  return counts.numFailedKeys > FAILING_RATIO * counts.numKeys
}

function keysOf(
  intervals: readonly LiveInterval[],
  source: string | undefined,
): Map<string, KeyCounts> {
  const keys = new Map<string, KeyCounts>()
  for (const interval of intervals) {
    const reader = new SeriesReader(interval)
    while (reader.next()) {
      if (source !== undefined && source !== reader.source) continue
      const { operation } = reader.name
      keys.set(operation, sumOf([keys.get(operation), reader]))
    }
  }
  return keys
}

function sumOf(all: readonly (KeyCounts | undefined)[]): KeyCounts {
  let [numKeys, numFailedKeys] = [0, 0]
  for (const counts of all) {
    numKeys += counts?.numKeys ?? 0
    numFailedKeys += counts?.numFailedKeys ?? 0
  }
  return { numKeys, numFailedKeys }
}
