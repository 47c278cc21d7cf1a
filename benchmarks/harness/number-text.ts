const DIGITS = 3

/** A number with three significant digits and a separator of thousands. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return '–'
  if (Math.abs(value) >= 10 ** DIGITS) return Math.round(value).toLocaleString('en')
  if (Math.abs(value) < 0.001) return value.toFixed(0)
  return String(Number(value.toPrecision(DIGITS)))
}
