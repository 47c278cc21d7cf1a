import type { Figures } from '../../live/live-view.js'
import {
  BYTE_UNITS,
  COUNT_UNITS,
  DURATION_UNITS,
  formatNumber,
  unitFor,
  type Units,
} from '../units.js'
import type { Column } from './columns.js'

/** Shown where a figure does not exist, such as the p99 of no operations. */
const NONE = '–'
const PERCENT = 100
/** The smallest share that is not shown as 0, in per cent. */
const PERCENT_MIN = 0.01

/** A number in the largest unit in which it is at least 1. */
export function withUnit(value: number, units: Units): string {
  const at = units.findLastIndex(({ size }) => value >= size)
  const { name, size } = units[Math.max(at, 0)] ?? units[0]
  return `${formatNumber(round(value / size))} ${name}`.trimEnd()
}

/** A duration in seconds as text. */
export function durationText(seconds: number | undefined): string {
  return seconds === undefined ? NONE : withUnit(seconds, DURATION_UNITS)
}

/** Failed keys per key as text, in per cent. */
export function percentText(ratio: number | undefined): string {
  if (ratio === undefined) return NONE
  const percent = ratio * PERCENT
  if (percent > 0 && percent < PERCENT_MIN) return `<${PERCENT_MIN}`
  return formatNumber(Number(percent.toFixed(2)))
}

/** A column of numbers in one unit, with the decimal points in line. */
export function numberColumn(
  title: string,
  values: readonly (number | undefined)[],
  keep: number,
  units: Units,
): Column {
  const unit =
    units[
      unitFor(
        values.filter((value) => value !== undefined),
        units,
      )
    ] ?? units[0]
  return {
    title: unit.name === '' ? title : `${title} ${unit.name}`,
    cells: alignPoints(
      values.map((value) => (value === undefined ? NONE : formatNumber(round(value / unit.size)))),
    ),
    align: 'right',
    keep,
  }
}

/** The columns that operations and engines have both. */
export function figureColumns(all: readonly Figures[]): Record<FigureColumn, Column> {
  const rates = (title: string, name: RateName, keep: number, units = COUNT_UNITS) =>
    numberColumn(
      title,
      all.map((figures) => figures[name]),
      keep,
      units,
    )
  const durations = durationColumns(all)
  const bytes = rates('', 'bytesPerSecond', 3, BYTE_UNITS)
  return {
    rate: rates('ops/s', 'operationsPerSecond', 9),
    ...durations,
    keys: rates('keys/s', 'keysPerSecond', 2),
    bytes: { ...bytes, title: `${bytes.title.trim() || 'bytes'}/s` },
    failed: {
      title: 'failed %',
      cells: alignPoints(all.map(({ failedKeyRatio }) => percentText(failedKeyRatio))),
      align: 'right',
      keep: 7,
    },
  }
}

/** The names of these columns. */
export type FigureColumn = 'rate' | 'p50' | 'p90' | 'p99' | 'keys' | 'bytes' | 'failed'
type RateName = 'operationsPerSecond' | 'keysPerSecond' | 'bytesPerSecond'

/** The quantiles, all in one unit so that they compare at a glance. */
function durationColumns(all: readonly Figures[]): Record<'p50' | 'p90' | 'p99', Column> {
  const values = all.flatMap(({ p50, p90, p99 }) => [p50, p90, p99])
  const unit = unitFor(
    values.filter((value) => value !== undefined),
    DURATION_UNITS,
  )
  const units: Units = [DURATION_UNITS[unit] ?? DURATION_UNITS[0]]
  const column = (name: 'p50' | 'p90' | 'p99', keep: number) =>
    numberColumn(
      name,
      all.map((figures) => figures[name]),
      keep,
      units,
    )
  return { p50: column('p50', 6), p90: column('p90', 4), p99: column('p99', 8) }
}

/** Three digits; rates of a window are quotients, and others would only look exact. */
function round(value: number): number {
  return value >= PERCENT ? Math.round(value) : Number(value.toPrecision(3))
}

function alignPoints(cells: readonly string[]): string[] {
  const decimals = cells.map((cell) => (cell.includes('.') ? cell.length - cell.indexOf('.') : 0))
  const most = Math.max(0, ...decimals)
  return cells.map((cell, row) => cell + ' '.repeat(most - decimals[row]))
}
