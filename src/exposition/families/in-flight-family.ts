import { IN_FLIGHT_METRIC } from '../../catalogue.js'
import { partsOf, type SourceParts } from '../../snapshot/source-snapshot.js'
import { type Labels, SINGLE_SAMPLE, type SnapshotFamily } from '../metric-family.js'
import type { FamilyShape } from './family-shape.js'

/** The family of calls in flight, by operation. */
export function inFlightFamily(
  constantLabels: Labels,
  shape: FamilyShape,
): SnapshotFamily<SourceParts> {
  const labels = new Map<string, Labels>()
  // One object per operation, since writers expect the same object in every scrape.
  const operationLabels = (operation: string) => {
    const known = labels.get(operation) ?? { operation }
    labels.set(operation, known)
    return known
  }
  return {
    definition: shape.define(IN_FLIGHT_METRIC),
    constantLabels,
    shapesOf: () => SINGLE_SAMPLE,
    groups: (snapshot) => shape.sourcesOf(snapshot).map(partsOf),
    labelsOf: ({ key }) => shape.labelsOf(key),
    seriesOf: ({ inFlight }) => Array.from(inFlight?.keys() ?? [], operationLabels),
    read: ({ inFlight }, values, at) => values.set([...(inFlight?.values() ?? [])], at),
  }
}
