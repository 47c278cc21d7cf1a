import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BenchmarkCase } from './benchmark-case.js'
import { drawCharts } from './charts.js'
import { lossLines } from './losses.js'
import { describeMachine, type Machine, machineText } from './machine.js'
import { caseTable, targetTable } from './markdown.js'
import { NODE_TABLE_TITLE, nodeTable } from './node-table.js'
import { noiseLines } from './noise.js'
import { withBenchmarks } from './readme-section.js'
import type { RawResult, Results } from './results.js'
import { ROOT } from './root.js'
import { checkTargets } from './targets.js'

const LINE_WIDTH = 100
/** Significant digits of a figure in the JSON; further ones are noise. */
const DIGITS = 5
const FOLDER = 'benchmarks/results'
const README = 'README.md'
/** The case whose table the README shows, and the variants in it. */
const SHOWN_CASE = 'record'
const SHOWN_VARIANTS = [
  'bare-append',
  'moonmeter',
  'push-rows',
  'perf-hooks',
  'msgpack-rows',
  'platformatic',
  'prom-client',
  'opentelemetry',
]

/** Writes JSON, Markdown, charts and the README's section; returns the names of the files. */
export function writeResults(cases: readonly BenchmarkCase[], results: Results): string[] {
  const machine = describeMachine()
  const readme = readFileSync(join(ROOT, README), 'utf8')
  const charts = drawCharts(cases, results)
  const files = new Map([
    [`${FOLDER}/results.json`, resultsJson(machine, results.raw)],
    [`${FOLDER}/results.md`, resultsMarkdown(machine, cases, results, [...charts.keys()])],
    ...Array.from(charts, ([name, chart]) => [`${FOLDER}/${name}`, chart] as const),
    [README, withBenchmarks(readme, readmeSection(machine, cases, results))],
  ])
  mkdirSync(join(ROOT, FOLDER), { recursive: true })
  for (const [name, text] of files) writeFileSync(join(ROOT, name), text)
  return [...files.keys()]
}

function readmeSection(
  machine: Machine,
  cases: readonly BenchmarkCase[],
  results: Results,
): string {
  const shown = cases.find(({ name }) => name === SHOWN_CASE)
  if (shown === undefined) return machineText(machine)
  const variants = shown.variants.filter(({ name }) => SHOWN_VARIANTS.includes(name))
  return [
    `${shown.title}:\n`,
    `${caseTable({ ...shown, variants }, results)}\n`,
    ...nodeSection(results),
    machineText(machine),
  ].join('\n')
}

/** The table by version of Node with a line before it; empty if only one was measured. */
function nodeSection(results: Results): string[] {
  const table = nodeTable(results)
  return table === undefined ? [] : [`${NODE_TABLE_TITLE}:\n`, `${table}\n`]
}

function resultsMarkdown(
  machine: Machine,
  cases: readonly BenchmarkCase[],
  results: Results,
  charts: readonly string[],
): string {
  const losses = lossLines(cases, results)
  const sections = cases
    .filter(({ name }) => results.raw.some((result) => result.case === name))
    .map(
      (benchmark) =>
        `## ${benchmark.title}\n\n${benchmark.about}\n\n${caseTable(benchmark, results)}`,
    )
  return `${[
    '# Results',
    'Written by `npm run bench`; do not edit. Medians over rounds (least–greatest).',
    machineText(machine),
    noiseLines(results).join('\n'),
    `## Targets\n\n${targetTable(checkTargets(results, 1))}`,
    ...charts.map((name) => `![${name.replace('.svg', '').replaceAll('-', ' ')}](${name})`),
    ...sections,
    `## Where we lose\n\n${losses.map((line) => `- ${line}`).join('\n') || 'Nowhere.'}`,
  ].join('\n\n')}\n`
}

/** One line per process if it is short enough, so that two runs can be compared by `diff`. */
function resultsJson(machine: Machine, raw: readonly RawResult[]): string {
  const rows = raw.map(({ measures, ...row }) => jsonObject({ ...row, ...measures }))
  const head = JSON.stringify(machine, undefined, 2).replaceAll('\n', '\n  ')
  return `{\n  "machine": ${head},\n  "results": [\n${rows.join(',\n')}\n  ]\n}\n`
}

/** An object in the format of this repository's formatter. */
function jsonObject(row: Readonly<Record<string, string | number>>): string {
  const fields = Object.entries(row).map(([name, value]) => `"${name}": ${jsonValue(value)}`)
  const line = `    { ${fields.join(', ')} }`
  if (line.length < LINE_WIDTH) return line
  return `    {\n      ${fields.join(',\n      ')}\n    }`
}

function jsonValue(value: string | number): string {
  return JSON.stringify(typeof value === 'number' ? Number(value.toPrecision(DIGITS)) : value)
}
