import type { Aggregation } from '../aggregator/aggregation.js'
import { MoonmeterError } from '../errors.js'

/** What aggregators are used for here. */
const uses = new WeakMap<Aggregation, 'published' | 'watching'>()

/**
 * Note what an aggregator is used for: one that did both, or watched twice, would count engines twice.
 *
 * @throws MoonmeterError `INVALID_OPTION` where it is used already
 */
export function claim(aggregation: Aggregation, use: 'published' | 'watching'): void {
  const known = uses.get(aggregation)
  if (known !== undefined) {
    throw new MoonmeterError(
      'INVALID_OPTION',
      `aggregator: expected one that is neither published nor watching a bucket, got one that is ` +
        `${known}; use another EngineAggregator, with a registry of its own`,
    )
  }
  uses.set(aggregation, use)
}

/** The aggregator is free again. */
export function release(aggregation: Aggregation): void {
  uses.delete(aggregation)
}
