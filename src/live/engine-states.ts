import type { Snapshot } from '../snapshot/snapshot.js'
import type { SourceHealth } from '../snapshot/source-snapshot.js'
import type { EngineState } from './live-message.js'
import { sourceName } from './source-name.js'

/** The states of the engines of a snapshot, without their stats. */
export function engineStates({ sources }: Snapshot): EngineState[] {
  return sources.map((source) => {
    const { up, open, incarnation, lastReportMs, rows } = source.health
    return {
      source: sourceName(source),
      up,
      // Left out for most engines, since each update has the states of all. An engine without an
      // incarnation sends payloads, which do not tell that they are the last ones.
      ...(open || incarnation === 0 ? {} : { open }),
      incarnation,
      lastReportMs,
      restarts: restartsOf(source.health),
      rows,
    }
  })
}

/** Restarts of an engine by the pool so far, for all reasons. */
export function restartsOf({ restarts }: Pick<SourceHealth, 'restarts'>): number {
  let total = 0
  for (const reason in restarts) total += restarts[reason as keyof typeof restarts]
  return total
}
