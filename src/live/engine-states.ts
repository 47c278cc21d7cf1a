import type { Snapshot } from '../snapshot/snapshot.js'
import type { EngineState } from './live-message.js'
import { sourceName } from './source-name.js'

/** The states of the engines of a snapshot, without their stats. */
export function engineStates({ sources }: Snapshot): EngineState[] {
  return sources.map((source) => {
    const { up, incarnation, lastReportMs, restarts, rows } = source.health
    let restartsTotal = 0
    for (const count of Object.values(restarts)) restartsTotal += count
    return {
      source: sourceName(source),
      up,
      incarnation,
      lastReportMs,
      restarts: restartsTotal,
      rows,
    }
  })
}
