import type { Figures } from '../../live/live-view.js'
import {
  BYTE_UNITS,
  COUNT_UNITS,
  DURATION_UNITS,
  formatInteger,
  type Unit,
  type Units,
  unitFor,
} from '../units.js'
import type { Column } from './columns.js'

/** The text for a missing figure, such as the p99 without operations. */
const NONE = '–'
const PERCENT = 100
/** The smallest number that is not shown as 0. */
const NUMBER_MIN = 0.001
/** Columns of rates have plain numbers below this, and larger units from it on. */
const PLAIN_RATE_MAX = 1e5
/** The unit of a column without durations. */
const DURATION_UNIT = DURATION_UNITS.find(({ name }) => name === 'ms')

/** The unit of plain numbers. */
export const PLAIN_UNIT: Unit = COUNT_UNITS[0]

/** The names of the common columns of operations and engines. */
export type FigureColumn = 'rate' | 'p50' | 'p90' | 'p99' | 'keys' | 'bytes' | 'failed'

/** Formats a number with three significant digits and at most three decimals. */
export function threeDigits(value: number): string {
  if (value === 0 || value >= 100) return formatInteger(value)
  if (value < NUMBER_MIN) return `<${NUMBER_MIN}`
  if (value >= 10) return value.toFixed(1)
  return value.toFixed(value >= 1 ? 2 : 3)
}

/** Formats a number in the largest unit in which it is at least 1. */
export function withUnit(value: number, units: Units): string {
  const at = units.findLastIndex(({ size }) => value >= size)
  const { name, size } = units[Math.max(at, 0)] ?? units[0]
  return `${threeDigits(value / size)} ${name}`.trimEnd()
}

/** Formats a duration in seconds. */
export function durationText(seconds: number | undefined): string {
  return seconds === undefined ? NONE : withUnit(seconds, DURATION_UNITS)
}

/** Formats a ratio as a percentage, as other numbers. */
export function percentText(ratio: number | undefined): string {
  return ratio === undefined ? NONE : threeDigits(ratio * PERCENT)
}

/** A column of numbers in one unit, with aligned decimal points. */
export function numberColumn(
  title: string,
  values: readonly (number | undefined)[],
  keep: number,
  unit: Unit,
): Column {
  return {
    title: `${title} ${unit.name}`.trimEnd(),
    cells: alignPoints(
      values.map((value) => (value === undefined ? NONE : threeDigits(value / unit.size))),
    ),
    align: 'right',
    keep,
  }
}

/** The common columns of operations and engines. */
export function figureColumns(all: readonly Figures[]): Record<FigureColumn, Column> {
  const of = (name: keyof Figures) => all.map((figures) => figures[name])
  const durationUnit = commonUnit([...of('p50'), ...of('p90'), ...of('p99')], DURATION_UNITS)
  const durations = (name: 'p50' | 'p90' | 'p99', keep: number) =>
    numberColumn(name, of(name), keep, durationUnit)
  const rates = (title: string, name: 'operationsPerSecond' | 'keysPerSecond', keep: number) =>
    numberColumn(title, of(name), keep, rateUnit(of(name)))
  const byteUnit = commonUnit(of('bytesPerSecond'), BYTE_UNITS)
  return {
    rate: rates('ops/s', 'operationsPerSecond', 9),
    // One unit for all durations, so that they are easy to compare.
    p50: durations('p50', 6),
    p90: durations('p90', 4),
    p99: durations('p99', 8),
    keys: rates('keys/s', 'keysPerSecond', 1),
    bytes: {
      ...numberColumn('', of('bytesPerSecond'), 2, byteUnit),
      title: `${byteUnit.name || 'bytes'}/s`,
    },
    failed: {
      title: 'failed %',
      cells: alignPoints(all.map(({ failedKeyRatio }) => percentText(failedKeyRatio))),
      align: 'right',
      keep: 7,
    },
  }
}

function commonUnit(values: readonly (number | undefined)[], units: Units): Unit {
  const known = values.filter((value) => value !== undefined)
  if (known.length === 0 && units === DURATION_UNITS && DURATION_UNIT !== undefined) {
    return DURATION_UNIT
  }
  return units[unitFor(known, units)] ?? units[0]
}

function rateUnit(values: readonly (number | undefined)[]): Unit {
  const isPlain = values.every((value) => value === undefined || value < PLAIN_RATE_MAX)
  return isPlain ? PLAIN_UNIT : commonUnit(values, COUNT_UNITS)
}

function alignPoints(cells: readonly string[]): string[] {
  const decimals = cells.map((cell) => (cell.includes('.') ? cell.length - cell.indexOf('.') : 0))
  // Not `Math.max(...decimals)`: a call accepts some hundred thousand arguments at most.
  const most = decimals.reduce((longest, length) => Math.max(longest, length), 0)
  return cells.map((cell, row) => cell + ' '.repeat(most - decimals[row]))
}
