import type { PeerOperation } from '../peers/peer.js'
import { ROW_COUNT, type Rows } from './rows.js'
import { OPERATIONS } from './twelve-series.js'

/** Statuses of an engine with eight series: four operations × two statuses. */
export const EIGHT_SERIES: readonly string[] = ['ok', 'error']
/** Statuses of an engine with twelve series: four operations × three statuses. */
export const TWELVE_SERIES: readonly string[] = ['ok', 'partial_failure', 'error']

/** Rows of a series in a step: from `ROWS_MIN` to `ROWS_MIN + ROWS_VARY - 1`, by engine. */
const ROWS_MIN = 3
const ROWS_VARY = 5

/** Number of rows of each series that an engine records in a step. */
export function rowsPerSeries(engine: number): number {
  return ROWS_MIN + (engine % ROWS_VARY)
}

/**
 * Record the rows that an engine records between two scrapes: the same rows with every peer, and
 * some in every series.
 */
export function recordStep(
  operationOf: (name: string) => PeerOperation,
  rows: Rows,
  statuses: readonly string[],
  engine: number,
  step: number,
): void {
  const { durations, keys, bytes } = rows
  let at = engine * 31 + step * 17
  for (const name of OPERATIONS) {
    const operation = operationOf(name)
    for (const status of statuses) {
      for (let row = 0; row < rowsPerSeries(engine); row++) {
        at = (at + 1) % ROW_COUNT
        const failed = status === 'ok' ? 0 : keys[at]
        operation.record(durations[at], keys[at], bytes[at], status, failed)
      }
    }
  }
}
