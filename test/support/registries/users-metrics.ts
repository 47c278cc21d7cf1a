import type * as prom from 'prom-client'
import type { ParsedSample } from '../assertions/exposition.js'

/** Adds a user's metrics of every type to a registry. */
export function addUsersMetrics(
  { Counter, Gauge, Histogram, Summary }: typeof prom,
  registry: prom.Registry,
): void {
  const registers = [registry]
  const requests = { name: 'requests_total', help: 'The "requests" \\ so far.', registers }
  new Counter({ ...requests, labelNames: ['route'] }).inc({ route: '/a "b"\n\\' }, 4)
  new Counter({ name: 'jobs', help: 'Jobs.', registers }).inc(3)
  new Gauge({ name: 'temperature', help: 'Degrees.', registers }).set(-1.5)
  const histogram = { name: 'seconds', help: 'Times.', labelNames: ['route'], registers }
  const seconds = new Histogram({ ...histogram, buckets: [0.5, 1, 1e6] })
  for (const [route, value] of [
    ['/a', 0.25],
    ['/b', 2],
    ['/a', 1],
  ] as const) {
    seconds.observe({ route }, value)
  }
  const sizes = new Summary({ name: 'sizes', help: 'Sizes.', percentiles: [0.5, 1], registers })
  sizes.observe(7)
}

/** The samples of these metrics in the text format. */
export const USERS_SAMPLES: readonly ParsedSample[] = [
  { name: 'requests_total', labels: { route: '/a "b"\n\\' }, value: 4 },
  { name: 'jobs', labels: {}, value: 3 },
  { name: 'temperature', labels: {}, value: -1.5 },
  ...bucketsOf('/a', [1, 2, 2, 2]),
  { name: 'seconds_sum', labels: { route: '/a' }, value: 1.25 },
  { name: 'seconds_count', labels: { route: '/a' }, value: 2 },
  ...bucketsOf('/b', [0, 0, 1, 1]),
  { name: 'seconds_sum', labels: { route: '/b' }, value: 2 },
  { name: 'seconds_count', labels: { route: '/b' }, value: 1 },
  { name: 'sizes', labels: { quantile: '0.5' }, value: 7 },
  { name: 'sizes', labels: { quantile: '1' }, value: 7 },
  { name: 'sizes_sum', labels: {}, value: 7 },
  { name: 'sizes_count', labels: {}, value: 1 },
]

/** The user's samples among all samples. */
export function usersSamples(samples: readonly ParsedSample[]): ParsedSample[] {
  const names = new Set(USERS_SAMPLES.map(({ name }) => name))
  return samples.filter(({ name }) => names.has(name))
}

function bucketsOf(route: string, counts: readonly number[]): ParsedSample[] {
  return ['0.5', '1', '1000000', '+Inf'].map((le, index) => {
    return { name: 'seconds_bucket', labels: { route, le }, value: counts[index] }
  })
}
