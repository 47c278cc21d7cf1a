import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

/** The counts of an operation or an engine in the result of `--json`. */
export interface Counts {
  readonly calls: number
  readonly keys: number
  readonly bytes: number
  readonly failedKeys: number
  readonly errors: number
}

/** The properties of the result of `--json` that tests read. */
export interface JsonResult {
  readonly operations: Readonly<Record<string, Counts>>
  readonly engines: Readonly<
    Record<string, Counts & { readonly operations: Readonly<Record<string, Counts>> }>
  >
  readonly wallSeconds: number
}

/** The names of the counts, in the order of `--json`. */
export const COUNT_NAMES = ['calls', 'keys', 'bytes', 'failedKeys', 'errors'] as const

/** Read a file that `--json` wrote. */
export function readResult(path: string): JsonResult {
  return JSON.parse(readFileSync(path, 'utf8'))
}

/** Only the counts of each entry: quantiles come from a model. */
export function countsOf(entries: Readonly<Record<string, Counts>>): Record<string, Counts> {
  return Object.fromEntries(
    Object.entries(entries).map(([name, { calls, keys, bytes, failedKeys, errors }]) => [
      name,
      { calls, keys, bytes, failedKeys, errors },
    ]),
  )
}

/** The counts of all the entries together. */
export function sumOfCounts(entries: readonly Counts[]): Counts {
  const sum = (name: (typeof COUNT_NAMES)[number]) =>
    entries.reduce((total, counts) => total + counts[name], 0)
  return {
    calls: sum('calls'),
    keys: sum('keys'),
    bytes: sum('bytes'),
    failedKeys: sum('failedKeys'),
    errors: sum('errors'),
  }
}

/** Check that the sums over engines equal those over operations. */
export function assertAddsUp({ operations, engines }: JsonResult): void {
  const byEngine = Object.values(engines)
  for (const [operation, counts] of Object.entries(countsOf(operations))) {
    const own = byEngine.flatMap((engine) => engine.operations[operation] ?? [])
    assert.deepEqual(sumOfCounts(own), counts, operation)
  }
  for (const [engine, counts] of Object.entries(countsOf(engines))) {
    const own = Object.values(engines[engine]?.operations ?? {})
    assert.deepEqual(sumOfCounts(own), counts, `engine ${engine}`)
  }
}
