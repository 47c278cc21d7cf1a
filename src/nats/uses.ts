import type { Aggregation } from '../aggregator/aggregation.js'
import { MoonmeterError } from '../errors.js'

/** The use of each aggregator. */
const uses = new WeakMap<Aggregation, 'published' | 'watching'>()

/**
 * Mark an aggregator as used. An aggregator with both uses, or with two watches, would count
 * engines twice.
 *
 * @throws MoonmeterError `INVALID_OPTION` if it is already used
 */
export function claim(aggregation: Aggregation, use: 'published' | 'watching'): void {
  const known = uses.get(aggregation)
  if (known !== undefined) {
    throw new MoonmeterError(
      'INVALID_OPTION',
      `aggregator: expected one that is neither published nor watching a bucket, got one that is ` +
        `${known}; use another EngineAggregator with another registry`,
    )
  }
  uses.set(aggregation, use)
}

/** Mark an aggregator as unused. */
export function release(aggregation: Aggregation): void {
  uses.delete(aggregation)
}
