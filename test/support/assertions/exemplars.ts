import type { Snapshot } from '../../../src/index.js'

/** The exemplars of a snapshot in short: engine, operation, status, value, trace id. */
export function exemplarsIn({ sources }: Snapshot): unknown[][] {
  return sources.flatMap(({ engine, series }) =>
    series.flatMap(({ operation, status, exemplars }) =>
      exemplars.map(({ value, labels }) => [engine, operation, status, value, labels.trace_id]),
    ),
  )
}
