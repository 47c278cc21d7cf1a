/** A unit of the numbers of a column or an axis. */
export interface Unit {
  /** The text in a heading; empty for plain numbers. */
  readonly name: string
  /** Its size in the base unit. */
  readonly size: number
}

/** The units of one kind of numbers. */
export interface UnitScale {
  /** The units, smallest first. */
  readonly units: readonly [Unit, ...Unit[]]
  /** A unit is used for a column if its largest number is at least this in the unit. */
  readonly from: number
  /** The unit of a column without numbers; default the smallest. */
  readonly fallback?: Unit
}

const MILLISECONDS: Unit = { name: 'ms', size: 1e-3 }

/** Units of durations in seconds. */
export const DURATION_UNITS: UnitScale = {
  units: [
    { name: 'ns', size: 1e-9 },
    { name: 'µs', size: 1e-6 },
    MILLISECONDS,
    { name: 's', size: 1 },
  ],
  from: 1,
  fallback: MILLISECONDS,
}
/** Units of bytes per second. */
export const BYTE_RATE_UNITS: UnitScale = {
  units: [
    { name: 'B/s', size: 1 },
    { name: 'kB/s', size: 1e3 },
    { name: 'MB/s', size: 1e6 },
    { name: 'GB/s', size: 1e9 },
    { name: 'TB/s', size: 1e12 },
    { name: 'PB/s', size: 1e15 },
  ],
  from: 1,
}
/** Units of counts per second: 99,900 needs none. */
export const RATE_UNITS: UnitScale = {
  units: [
    { name: '/s', size: 1 },
    { name: 'k/s', size: 1e3 },
    { name: 'M/s', size: 1e6 },
    { name: 'G/s', size: 1e9 },
  ],
  from: 100,
}
/** Units of counts on axes, with short texts. */
export const AXIS_COUNTS: UnitScale = {
  units: [
    { name: '', size: 1 },
    { name: 'k', size: 1e3 },
    { name: 'M', size: 1e6 },
    { name: 'G', size: 1e9 },
  ],
  from: 1,
}
/** Ratios from 0 to 1 as percentages. */
export const PERCENT: UnitScale = { units: [{ name: '%', size: 0.01 }], from: 1 }
/** Units of factors. */
export const TIMES: UnitScale = { units: [{ name: '×', size: 1 }], from: 1 }
/** Units of periods, always in seconds. */
export const SECONDS: UnitScale = { units: [{ name: 's', size: 1 }], from: 1 }
/** Units of counts with all digits. */
export const COUNT: UnitScale = { units: [{ name: '', size: 1 }], from: 1 }

/** Hysteresis: a unit is kept until a number falls below this fraction of its range. */
const KEEP_BELOW = 0.5
const KEEP_ABOVE = 2_000
const SIGNIFICANT_DIGITS = 3
const DECIMALS_MAX = 3
/** The text for a missing number. */
export const NO_NUMBER = '–'

const GROUPED = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/**
 * Chooses the unit of a column.
 *
 * @param largest the largest number of the column, in the base unit
 * @param current the current unit, which is kept while the numbers are readable in it
 */
export function chooseUnit(scale: UnitScale, largest: number, current?: Unit): Unit {
  const { units, from, fallback = units[0] } = scale
  if (current !== undefined) {
    const shown = largest / current.size
    if (shown === 0 || (shown >= KEEP_BELOW * from && shown < KEEP_ABOVE * from)) return current
  }
  if (largest === 0) return fallback
  return units.findLast(({ size }) => largest >= from * size) ?? units[0]
}

/**
 * Formats a number with three significant digits, at most three decimals and separators of
 * thousands, so that the width of a column rarely changes.
 */
export function formatNumber(
  value: number | undefined,
  { size }: Unit = { name: '', size: 1 },
): string {
  if (value === undefined || !Number.isFinite(value)) return NO_NUMBER
  const shown = Number((value / size).toPrecision(SIGNIFICANT_DIGITS))
  if (shown === 0) return '0'
  if (shown < 10 ** -DECIMALS_MAX) return `<${10 ** -DECIMALS_MAX}`
  if (shown >= 10 ** (SIGNIFICANT_DIGITS - 1)) return GROUPED.format(shown)
  const integerDigits = Math.floor(Math.log10(shown)) + 1
  return shown.toFixed(Math.min(SIGNIFICANT_DIGITS - integerDigits, DECIMALS_MAX))
}

/** Formats an integer with all its digits. */
export function formatCount(value: number): string {
  return GROUPED.format(value)
}

/** Formats a number with the unit that fits it best, for a sentence: `412 ms`. */
export function formatWithUnit(value: number | undefined, scale: UnitScale): string {
  if (value === undefined) return NO_NUMBER
  const unit = chooseUnit(scale, value)
  return `${formatNumber(value, unit)}${unit.name.startsWith('/') ? '' : ' '}${unit.name}`
}

/** Formats a round number without trailing zeros, for axes: `20 ms`. */
export function formatTick(value: number, scale: UnitScale): string {
  if (value === 0) return '0'
  const unit = chooseUnit(scale, value * (1 + Number.EPSILON * 8))
  const shown = Number((value / unit.size).toPrecision(SIGNIFICANT_DIGITS))
  return `${shown >= 1_000 ? GROUPED.format(shown) : shown} ${unit.name}`.trimEnd()
}

/** `1 engine`, `2 engines`. */
export function countOf(count: number, thing: string): string {
  return `${formatCount(count)} ${thing}${count === 1 ? '' : 's'}`
}
