import type { EngineTally } from './store-call.js'

/** The `cause` of the error that a planned crash throws; it can be posted to a thread. */
interface PlannedCrash {
  readonly kind: 'planned_crash'
  /** The counts of the incarnation. */
  readonly tally: EngineTally
}

/** Creates the error of a planned crash. */
export function plannedCrash(tally: EngineTally): Error {
  const cause: PlannedCrash = { kind: 'planned_crash', tally }
  return new Error('a crash that the scenario plans', { cause })
}

/** The tally of a planned crash or a clone of it; undefined for any other error. */
export function tallyOfPlannedCrash(thrown: unknown): EngineTally | undefined {
  const cause = thrown instanceof Error ? thrown.cause : undefined
  if (typeof cause !== 'object' || cause === null || !('kind' in cause)) return undefined
  return cause.kind === 'planned_crash' ? (cause as PlannedCrash).tally : undefined
}
