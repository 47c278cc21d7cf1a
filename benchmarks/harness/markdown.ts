import type { BenchmarkCase, MeasureColumn } from './benchmark-case.js'
import { formatNumber } from './number-text.js'
import type { Results } from './results.js'
import type { TargetOutcome } from './targets.js'

/** A table in Markdown, its first column left-aligned and the others right-aligned. */
export function markdownTable(header: readonly string[], rows: readonly string[][]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rule = header.map((_, column) => (column === 0 ? '---' : '---:'))
  return [line(header), line(rule), ...rows.map(line)].join('\n')
}

/** The table of a case: a row per variant, the best first; those of moonmeter in bold. */
export function caseTable(benchmark: BenchmarkCase, results: Results): string {
  const [main] = benchmark.columns
  const variants = benchmark.variants
    .map(({ name, title }) => ({ name, title, value: medianOf(results, benchmark, name, main) }))
    .filter(({ value }) => !Number.isNaN(value))
    .sort((left, right) => left.value - right.value)
  const columns = benchmark.columns.flatMap((column) => [column.title, ...ratioTitles(column)])
  const rows = variants.map(({ name, title }) => [
    name.startsWith('moonmeter') ? `**${title}**` : title,
    ...benchmark.columns.flatMap((column) => cells(results, benchmark, name, column)),
  ])
  return markdownTable(['', ...columns], rows)
}

/** The table of targets: each with its figure, and whether that meets it without a margin. */
export function targetTable(outcomes: readonly TargetOutcome[]): string {
  const rows = outcomes.map(({ target, value, met }) => [
    target.what,
    `${target.direction} ${formatNumber(target.limit)} ${target.unit}`,
    `${formatNumber(value)} ${target.unit}`,
    met ? 'met' : '**missed**',
  ])
  return markdownTable(['what', 'target', 'measured', ''], rows)
}

function medianOf(
  results: Results,
  { name }: BenchmarkCase,
  variant: string,
  column: MeasureColumn | undefined,
): number {
  return column === undefined ? Number.NaN : results.median(name, variant, column.name)
}

function ratioTitles({ relativeTo = [] }: MeasureColumn): string[] {
  return relativeTo.map((other) => `÷ ${other}`)
}

function cells(
  results: Results,
  benchmark: BenchmarkCase,
  variant: string,
  column: MeasureColumn,
): string[] {
  const summary = results.summary(benchmark.name, variant, column.name)
  if (summary === undefined) return ['–', ...ratioTitles(column).map(() => '–')]
  const { median, min, max } = summary
  const spread = min === max ? '' : ` (${formatNumber(min)}–${formatNumber(max)})`
  const ratios = (column.relativeTo ?? []).map((other) =>
    formatNumber(median / results.median(benchmark.name, other, column.name)),
  )
  return [`${formatNumber(median)}${spread}`, ...ratios]
}
