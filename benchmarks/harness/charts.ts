import { type Bar, barChart } from './bar-chart.js'
import type { BenchmarkCase } from './benchmark-case.js'
import { type Line, lineChart } from './line-chart.js'
import type { Results } from './results.js'

const OURS = 'moonmeter'

/** The charts of the cases that were run, by file name. */
export function drawCharts(
  cases: readonly BenchmarkCase[],
  results: Results,
): ReadonlyMap<string, string> {
  const charts = new Map<string, string>()
  const draw = (name: string, file: string, chart: (benchmark: BenchmarkCase) => string) => {
    const benchmark = cases.find((candidate) => candidate.name === name)
    if (benchmark !== undefined) charts.set(file, chart(benchmark))
  }
  draw('record', 'record.svg', (benchmark) =>
    barChart(benchmark.title, 'ns a row', barsOf(benchmark, results)),
  )
  draw('growth-by-records', 'growth-by-records.svg', (benchmark) =>
    lineChart(benchmark.title, 'rows a second, over 64 engines', 'ms a second', [
      lineOf(benchmark, results, OURS, 'moonmeter'),
      lineOf(benchmark, results, 'msgpack-rows', 'rows by msgpackr into prom-client'),
    ]),
  )
  draw('growth-by-engines', 'growth-by-engines.svg', (benchmark) =>
    lineChart(benchmark.title, 'engines, 1,000 rows a second each', 'ms a second', [
      lineOf(benchmark, results, OURS, 'moonmeter'),
      lineOf(benchmark, results, 'msgpack-rows', 'rows by msgpackr into prom-client'),
    ]),
  )
  return charts
}

function barsOf(benchmark: BenchmarkCase, results: Results): Bar[] {
  return benchmark.variants
    .map(({ name, title }) => ({
      title,
      value: results.median(benchmark.name, name, 'ns'),
      ours: name === OURS,
    }))
    .filter(({ value }) => !Number.isNaN(value))
    .sort((left, right) => left.value - right.value)
}

function lineOf(
  { name, variants }: BenchmarkCase,
  results: Results,
  peer: string,
  title: string,
): Line {
  const points = variants
    .map((variant) => ({ variant: variant.name, split: variant.name.split(' ') }))
    .filter(({ split }) => split[0] === peer)
    .map(({ variant, split }) => [Number(split[1]), results.median(name, variant, 'ms')] as const)
  return { title, points: points.filter(([, y]) => !Number.isNaN(y)) }
}
