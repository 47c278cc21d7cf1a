import { STORE_METRICS } from '../../../src/catalogue.js'
import type { ParsedSample } from './exposition.js'
import type { Counts } from './simulation-result.js'

/** The counts in the samples of an exposition, over the series that `pick` selects. */
export function countsOfSamples(
  samples: readonly ParsedSample[],
  pick: (labels: ParsedSample['labels']) => boolean = () => true,
): Counts {
  const sum = (name: string, status?: string) =>
    samples
      .filter((sample) => sample.name === name && pick(sample.labels))
      .filter(({ labels }) => status === undefined || labels.status === status)
      .reduce((total, { value }) => total + value, 0)
  return {
    calls: sum(STORE_METRICS.operations.name),
    keys: sum(STORE_METRICS.keys.name),
    bytes: sum(STORE_METRICS.bytes.name),
    failedKeys: sum(STORE_METRICS.failedKeys.name),
    errors: sum(STORE_METRICS.operations.name, 'error'),
  }
}

/** Samples that must not go down, by name and labels: counters, and all samples of a histogram. */
export function growingSamples(samples: readonly ParsedSample[]): Map<string, number> {
  return new Map(
    samples
      .filter(({ name }) => /_(total|bucket|sum|count)$/.test(name))
      .map(({ name, labels, value }) => [JSON.stringify([name, labels]), value]),
  )
}
