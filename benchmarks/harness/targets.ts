import { nodeCaseName, OTHER_MAJORS } from './node-cases.js'
import type { Results } from './results.js'

/** Bytes per row that do not count as growth, because the runtime itself allocates a few. */
const NO_BYTES = 0.02
/** Factor within which merging reports of 100 rows and of a million counts as the same cost. */
const SAME_COST = 1.25

/** A figure of a run, and its limit. */
export interface Target {
  /** The case that measures it. */
  readonly benchmark: string
  readonly what: string
  readonly unit: string
  /** The greatest value that meets the target, or the least. */
  readonly limit: number
  readonly direction: 'at most' | 'at least'
  /** The figure; NaN if the run did not measure it. */
  readonly figure: (results: Results) => number
  /** Whether the load of the machine changes the figure. Only such a figure gets a margin. */
  readonly noisy: boolean
}

/** A target with the figure measured. */
export interface TargetOutcome {
  readonly target: Target
  readonly value: number
  readonly met: boolean
}

/** A figure, and the case that measures it. */
type Measured = Pick<Target, 'benchmark' | 'figure'>

function atMost(
  what: string,
  limit: number,
  unit: string,
  measured: Measured,
  noisy = true,
): Target {
  return { what, limit, unit, direction: 'at most', ...measured, noisy }
}

function atLeast(what: string, limit: number, measured: Measured): Target {
  return { what, limit, unit: '×', direction: 'at least', ...measured, noisy: true }
}

function ratio(benchmark: string, over: string, under: string, measure = 'ns'): Measured {
  return {
    benchmark,
    figure: (results) =>
      results.median(benchmark, over, measure) / results.median(benchmark, under, measure),
  }
}

function figure(benchmark: string, variant: string, measure: string): Measured {
  return { benchmark, figure: (results) => results.median(benchmark, variant, measure) }
}

function recordTargets(benchmark: string, what: string): Target[] {
  return [
    atMost(`${what}, over the bare append`, 4, '×', ratio(benchmark, 'moonmeter', 'bare-append')),
    atLeast(`${what}, faster than prom-client`, 150, ratio(benchmark, 'prom-client', 'moonmeter')),
    atMost(`${what}, over a push`, 0.4, '×', ratio(benchmark, 'moonmeter', 'push-rows')),
  ]
}

/** The targets of the project. */
export const TARGETS: readonly Target[] = [
  ...recordTargets('record', 'bound record'),
  ...OTHER_MAJORS.flatMap((major) =>
    recordTargets(nodeCaseName(major), `bound record on Node ${major}`),
  ),
  atMost('record by name, over bound', 2, '×', ratio('record-by-name', 'by-name', 'bound')),
  atMost(
    'record by name, operations in turn, over bound',
    2,
    '×',
    ratio('record-by-name', 'by-name-in-turn', 'bound-in-turn'),
  ),
  atMost(
    'allocation per row',
    NO_BYTES,
    'bytes',
    {
      benchmark: 'allocation',
      // The least: a process may allocate for code that it compiles, but a row that allocates does so in
      // each of them.
      figure: (results) => {
        const values = results.values('allocation', 'moonmeter', 'bytes').map(Math.abs)
        return values.length === 0 ? Number.NaN : Math.min(...values)
      },
    },
    false,
  ),
  atMost(
    "make and post a report of 12 series, over prom-client's JSON",
    1,
    '×',
    ratio('fold-and-encode', 'moonmeter', 'prom-aggregate', 'us'),
  ),
  atMost(
    'merge of a report of 12 series',
    60,
    'µs',
    figure('post-and-merge', 'moonmeter-10k', 'us'),
  ),
  atMost(
    'merge at 1,000,000 rows a report, over 100',
    SAME_COST,
    '×',
    ratio('post-and-merge', 'moonmeter-1m', 'moonmeter-100', 'us'),
  ),
  atLeast(
    'CPU per million rows, less than rows by msgpack',
    100,
    ratio('post-and-merge', 'msgpack-rows', 'moonmeter-10k', 'msPerMillion'),
  ),
  atMost('64 engines, main thread busy', 2, '%', figure('end-to-end', 'reports', 'busyPercent')),
  atMost('live update of 256 engines', 5, 'ms', figure('live', 'update 256', 'updateMs')),
  atMost(
    'scrape of 256 engines beside 50 open pages, over none',
    1.25,
    '×',
    figure('live', 'pages 256', 'besidePages'),
  ),
  atLeast(
    'exposition of 1,000 engines, faster than prom-client',
    20,
    ratio('scrape', 'prom-client 1000', 'moonmeter 1000', 'ms'),
  ),
  atMost(
    'longest event-loop block of it',
    25,
    'ms',
    figure('scrape-http', 'moonmeter 1000', 'blockMs'),
  ),
  ...Object.entries({
    OpenMetrics: 'openmetrics',
    protobuf: 'protobuf',
    'protobuf with native histograms': 'protobuf native',
  }).map(([what, variant]) =>
    atMost(
      `exposition of 1,000 engines as ${what}, over the text`,
      1.5,
      '×',
      figure('formats', variant, 'overText'),
    ),
  ),
  atMost(
    'longest event-loop block of a compressed scrape of 1,000 engines',
    25,
    'ms',
    figure('scrape-http', 'moonmeter-gzip 1000', 'blockMs'),
  ),
  atMost(
    'longest event-loop block of a scrape with 200 silent engines',
    25,
    'ms',
    figure('scrape-http', 'moonmeter-silent 200', 'blockMs'),
  ),
  atLeast(
    '`registry.metrics()` of 1,000 engines, faster than prom-client',
    4,
    ratio('scrape', 'prom-client 1000', 'moonmeter-registry 1000', 'ms'),
  ),
  // It includes the wait of 1 ms between two readings of rows that no fold has published.
  atMost('snapshot of 64 engines with new rows', 15, 'ms', figure('snapshot', 'changed', 'ms')),
  atMost('exposition of 8 engines', 0.5, 'ms', figure('scrape', 'moonmeter 8', 'ms')),
  atMost('exact p90', 3, 'ns a row', figure('quantile', 'moonmeter', 'ns')),
  atMost(
    'import of `moonmeter/recorder` in a new thread',
    25,
    'ms',
    figure('import', 'moonmeter', 'ms'),
  ),
  atMost('memory per engine', 1_024, 'KiB', figure('memory', 'most', 'kib'), false),
  atMost('report', 16, 'KiB', figure('memory', 'most', 'reportKib'), false),
]

/**
 * The targets that the run measured.
 *
 * @param margin factor by which a noisy figure may miss its target
 */
export function checkTargets(results: Results, margin: number): TargetOutcome[] {
  return TARGETS.map((target) => {
    const value = target.figure(results)
    const allowed = target.noisy ? margin : 1
    const met =
      target.direction === 'at most'
        ? value <= target.limit * allowed
        : value >= target.limit / allowed
    return { target, value, met }
  }).filter(({ value }) => !Number.isNaN(value))
}
