/** Units of durations, the largest first, in seconds. */
const DURATION_UNITS = [
  ['s', 1],
  ['ms', 1e-3],
  ['µs', 1e-6],
  ['ns', 1e-9],
] as const
const SIGNIFICANT_DIGITS = 3
/** Kept, since `toLocaleString` makes one for each number, in 60 µs. */
const INTEGERS = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** Formats a number as an integer with thousands separators. */
export function formatInteger(value: number): string {
  return INTEGERS.format(value)
}

/** Formats a number of things: `1 engine`, `2 engines`. */
export function countOf(count: number, thing: string): string {
  return `${formatInteger(count)} ${thing}${count === 1 ? '' : 's'}`
}

/** Formats a duration with three significant digits in the largest unit that it reaches. */
export function formatDuration(seconds: number): string {
  if (seconds === 0) return '0 s'
  const [unit, unitSeconds] =
    DURATION_UNITS.find(([, size]) => seconds >= size) ?? DURATION_UNITS[DURATION_UNITS.length - 1]
  return `${Number((seconds / unitSeconds).toPrecision(SIGNIFICANT_DIGITS))} ${unit}`
}
