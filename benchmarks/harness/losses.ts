import type { BenchmarkCase } from './benchmark-case.js'
import { formatNumber } from './number-text.js'
import type { Results } from './results.js'

const OURS = 'moonmeter'

/** A line for every case and peer whose figure is better than that of moonmeter. */
export function lossLines(cases: readonly BenchmarkCase[], results: Results): string[] {
  return cases.flatMap((benchmark) => {
    const [column] = benchmark.columns
    // A case whose variants are sizes has no peers.
    const peers = benchmark.variants.filter(({ name }) => !name.startsWith(OURS))
    if (column === undefined || !benchmark.variants.some(({ name }) => name === OURS)) return []
    const ours = results.median(benchmark.name, OURS, column.name)
    return peers.flatMap(({ name, title }) => {
      const theirs = results.median(benchmark.name, name, column.name)
      if (!(theirs < ours)) return []
      const times = formatNumber(ours / theirs)
      return [`${benchmark.name}: ${title} is ${times} times better (${column.title})`]
    })
  })
}
