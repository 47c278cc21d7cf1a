import { IN_FLIGHT_METRIC } from '../../catalogue.js'
import { partsOf, type SourceParts } from '../../snapshot/source-snapshot.js'
import { type Labels, SINGLE_SAMPLE, type SnapshotFamily } from '../metric-family.js'
import type { FamilyShape } from './family-shape.js'

/** The calls of each operation that have begun and not ended. */
export function inFlightFamily(
  constantLabels: Labels,
  shape: FamilyShape,
): SnapshotFamily<SourceParts> {
  const labels = new Map<string, Labels>()
  // Each is one object, as writers expect; there are as many as operations have a name.
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
