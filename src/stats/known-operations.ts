import { describe } from '../describe.js'
import { MoonmeterError } from '../errors.js'
import { fitsLabel, LABEL_BYTES_MAX } from './bounded-names.js'
import { newSeries, type PackedSeries } from './packed-series.js'
import { KNOWN_STATUSES } from './row.js'

/**
 * The option `operations`, checked: operations that are declared before they have rows.
 *
 * @param places by name, the options that limit the number of series, `other` included
 * @throws MoonmeterError `INVALID_OPTION` unless it is a list of distinct names that fits the limit
 */
export function readOperations(
  given: unknown,
  places: Readonly<Record<string, number>>,
): readonly string[] {
  if (given === undefined) return []
  if (!Array.isArray(given)) throw invalid('an array of names', describe(given))
  const operations = new Set<string>()
  for (const [limit, seriesMax] of Object.entries(places)) {
    const operationsMax = Math.floor((seriesMax - 1) / KNOWN_STATUSES.length)
    if (given.length <= operationsMax) continue
    const expected = `at most ${operationsMax}, which have ${KNOWN_STATUSES.length} series each`
    throw invalid(`${expected} (${limit} is ${seriesMax})`, `${given.length}`)
  }
  for (const name of Array.from<unknown>(given)) {
    if (typeof name !== 'string' || name === '' || !name.isWellFormed() || !fitsLabel(name)) {
      throw invalid(`names of 1 to ${LABEL_BYTES_MAX} bytes`, describe(name))
    }
    if (operations.has(name)) throw invalid('each name once', describe(name))
    operations.add(name)
  }
  return Object.freeze([...operations])
}

/** The series of the given operations with each known status, without rows. */
export function seriesWithoutRows(operations: readonly string[]): readonly PackedSeries[] {
  return operations.flatMap((operation) =>
    KNOWN_STATUSES.map((status) => newSeries({ operation, status })),
  )
}

function invalid(expected: string, got: string): MoonmeterError {
  return new MoonmeterError('INVALID_OPTION', `operations: expected ${expected}, got ${got}`)
}
