import { rejection } from './rejection.js'
import { readArray, readLabel, readNumber } from './validation.js'

/** Distinct reasons of restarts of an engine; further ones count under `other`. */
export const RESTART_REASONS_MAX = 16
/** Maximum distinct reasons of restarts in a report: those of an engine, and `other`. */
export const REPORT_REASONS_MAX = RESTART_REASONS_MAX + 1

/** Number of restarts of an engine by a pool, by reason; at most `REPORT_REASONS_MAX` reasons. */
export type RestartCounts = ReadonlyMap<string, number>

/** Adds up restarts by reason; undefined for none. */
export function sumRestarts(
  all: Iterable<RestartCounts | undefined>,
): Map<string, number> | undefined {
  let sum: Map<string, number> | undefined
  for (const restarts of all) {
    for (const [reason, count] of restarts ?? []) {
      sum ??= new Map()
      sum.set(reason, (sum.get(reason) ?? 0) + count)
    }
  }
  return sum
}

/**
 * Validate the restarts of a report; undefined if the report has none.
 *
 * @throws MoonmeterError `INVALID_PAYLOAD`, reasons `type`, `shape`, `range` and `duplicate`
 */
export function readRestarts(value: unknown): RestartCounts | undefined {
  if (value === undefined) return undefined
  const list = readArray(value, 'restarts')
  if (list.length > REPORT_REASONS_MAX) {
    throw rejection('range', `at most ${REPORT_REASONS_MAX} reasons of restarts`, list)
  }
  const restarts = new Map<string, number>()
  for (const fields of list) {
    const [reason, count, ...more] = readArray(fields, 'the restarts for a reason')
    if (count === undefined || more.length > 0) {
      throw rejection('shape', 'a reason and its number of restarts', fields)
    }
    const name = readLabel(reason, 'a reason of restarts')
    const number = readNumber(count, 'the number of restarts', Number.MAX_SAFE_INTEGER)
    if (!Number.isInteger(number)) {
      throw rejection('range', 'the number of restarts to be an integer', count)
    }
    if (restarts.has(name)) throw rejection('duplicate', 'each reason of restarts once', name)
    restarts.set(name, number)
  }
  return restarts
}
