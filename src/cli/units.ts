/** A unit of the numbers of a column. */
export interface Unit {
  /** The name after the title of the column; empty for plain numbers. */
  readonly name: string
  /** The size in the base unit: items, bytes or seconds. */
  readonly size: number
}

/** Units of a kind of numbers, the smallest first. */
export type Units = readonly [Unit, ...Unit[]]

/** Units of counts. */
export const COUNT_UNITS: Units = [
  { name: '', size: 1 },
  { name: 'k', size: 1e3 },
  { name: 'M', size: 1e6 },
  { name: 'G', size: 1e9 },
  { name: 'T', size: 1e12 },
  { name: 'P', size: 1e15 },
]
/** Units of bytes. The smallest has no name, since the title of the column is `bytes`. */
export const BYTE_UNITS: Units = [
  { name: '', size: 1 },
  { name: 'kB', size: 1e3 },
  { name: 'MB', size: 1e6 },
  { name: 'GB', size: 1e9 },
  { name: 'TB', size: 1e12 },
  { name: 'PB', size: 1e15 },
  { name: 'EB', size: 1e18 },
]
/** Units of durations in seconds. */
export const DURATION_UNITS: Units = [
  { name: 'ns', size: 1e-9 },
  { name: 'µs', size: 1e-6 },
  { name: 'ms', size: 1e-3 },
  { name: 's', size: 1 },
]

/** The smallest number with three digits within {@link DECIMALS_MAX} decimals. */
const SHOWN_MIN = 0.1
/** Numbers of a column are below this if a larger unit exists, so that they are short. */
const SHOWN_MAX = 1e6
const SIGNIFICANT_DIGITS = 3
const DECIMALS_MAX = 3
/** The smallest number that has three digits without decimals. */
const INTEGERS_MIN = 100
/** Shared, since `toLocaleString` creates a formatter per number, in 60 µs. */
const INTEGERS = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** Formats a number as an integer with thousands separators. */
export function formatInteger(value: number): string {
  return INTEGERS.format(value)
}

/** Formats a count with its noun: `1 engine`, `2 engines`. */
export function countOf(count: number, thing: string): string {
  return `${formatInteger(count)} ${thing}${count === 1 ? '' : 's'}`
}

/**
 * Formats a non-negative number: integers with all digits, others with three significant digits and
 * at most three decimals.
 */
export function formatNumber(value: number): string {
  if (Number.isInteger(value) || value >= INTEGERS_MIN) return formatInteger(value)
  const smallest = 10 ** -DECIMALS_MAX
  if (value < smallest) return `<${smallest}`
  return String(Number(Number(value.toPrecision(SIGNIFICANT_DIGITS)).toFixed(DECIMALS_MAX)))
}

/**
 * The index of a common unit for numbers: the largest unit in which the smallest number has three
 * digits, or a larger one if the largest number would reach a million.
 */
export function unitFor(values: readonly number[], units: Units): number {
  const shown = values.filter((value) => value > 0)
  if (shown.length === 0) return 0
  const [min, max] = [Math.min(...shown), Math.max(...shown)]
  const largest = units.findLastIndex(({ size }) => min / size >= SHOWN_MIN)
  const shortest = units.findIndex(({ size }) => max / size < SHOWN_MAX)
  return Math.max(0, largest, shortest < 0 ? units.length - 1 : shortest)
}
