import { printable } from '../live/printable.js'
import { QUANTILE_NAMES, type Summaries, type Summary } from './summary.js'
import { formatTable, type NumberColumn, type Table, widthOf } from './table.js'
import type { OutputStyle } from './terminal.js'
import { BYTE_UNITS, COUNT_UNITS, DURATION_UNITS, formatInteger, unitFor } from './units.js'

/** Maximum number of engines in the text; a last line shows the number of further ones. */
export const TEXT_ENGINES_MAX = 32
const COUNTS = [
  ['calls', 'calls', COUNT_UNITS],
  ['keys', 'keys', COUNT_UNITS],
  ['bytes', 'bytes', BYTE_UNITS],
  ['failed keys', 'failedKeys', COUNT_UNITS],
  ['errors', 'errors', COUNT_UNITS],
] as const

/** The two kinds of columns of a table, which become two tables on a narrow terminal. */
interface SummaryTable {
  readonly counts: Table
  readonly durations: Table
}

/**
 * Formats summaries as a title and two tables, one by operation and one by engine. If they are too
 * wide, the durations are in separate tables.
 *
 * @param engineCount the number of engines; the summaries contain the first ones
 */
export function formatSummaries(
  title: string,
  { operations, engines }: Summaries,
  engineCount: number,
  { width, heading }: OutputStyle,
): string {
  const shown = Object.fromEntries(Object.entries(engines).slice(0, TEXT_ENGINES_MAX))
  // One unit for all durations, so that they are easy to compare.
  const unit = unitFor([operations, shown].flatMap(durationsOf), DURATION_UNITS)
  const tables = [tableOf('operation', operations, unit), tableOf('engine', shown, unit)]
  const wide = tables.map(({ counts, durations }) => ({
    ...counts,
    columns: [...counts.columns, ...durations.columns],
  }))
  const isWide = wide.every((table) => widthOf(table) <= width)
  const all = isWide ? wide : tables.flatMap(({ counts, durations }) => [counts, durations])
  const texts = all.map((table) => {
    const [titles = '', ...lines] = formatTable(table, width)
    return [heading(titles), ...lines].join('\n')
  })
  const more = engineCount - Object.keys(shown).length
  const rest = more === 0 ? '' : `… and ${formatInteger(more)} more; the JSON has all\n`
  return `${title}\n\n${texts.join('\n\n')}\n${rest}`
}

function tableOf(
  title: string,
  summaries: Readonly<Record<string, Summary>>,
  durationUnit: number,
): SummaryTable {
  const all = Object.values(summaries)
  const names = Object.keys(summaries).map(printable)
  const counts = COUNTS.map(
    ([label, count, units]): NumberColumn => ({
      title: label,
      values: all.map((summary) => summary[count]),
      units,
      unit: 0,
    }),
  )
  const durations = QUANTILE_NAMES.map(
    (quantile): NumberColumn => ({
      title: quantile,
      values: all.map(({ durationSeconds }) => durationSeconds[quantile] ?? 0),
      units: DURATION_UNITS,
      unit: durationUnit,
    }),
  )
  return {
    counts: { title, names, columns: counts },
    durations: { title, names, columns: durations },
  }
}

function durationsOf(summaries: Readonly<Record<string, Summary>>): number[] {
  return Object.values(summaries).flatMap(({ durationSeconds }) => Object.values(durationSeconds))
}
