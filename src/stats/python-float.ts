/** Largest exponent of ten, exclusive, that Python's `repr` of a float writes without an `e`. */
const REPR_EXPONENT_END = 16
/** Smallest exponent of ten that Python's `repr` of a float writes without an `e`. */
const REPR_EXPONENT_MIN = -4
/** Bounds of at least this value have an exponent in the label. */
const LABEL_EXPONENT_FROM = 1e6

/**
 * A number as Python's `repr(float)` prints it: `20.0`, `0.062`, `1e-05`, `1e+16`. Python and
 * JavaScript print the same shortest digits that round-trip; only the notation differs.
 */
export function pythonFloat(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf'
  const [digits, exponentText] = value.toExponential().split('e')
  const exponent = Number(exponentText)
  if (value !== 0 && (exponent < REPR_EXPONENT_MIN || exponent >= REPR_EXPONENT_END)) {
    const magnitude = String(Math.abs(exponent)).padStart(2, '0')
    return `${digits}e${exponent < 0 ? '-' : '+'}${magnitude}`
  }
  const text = Object.is(value, -0) ? '-0' : String(value)
  return text.includes('.') ? text : `${text}.0`
}

/**
 * A bucket bound as Python's Prometheus client writes it in `le` and OpenMetrics requires: `1.0`,
 * `0.001`, `1e+06`, `+Inf`. Prometheus 2 compares `le` as text, so all exporters of a fleet must
 * write the same text.
 *
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/#considerations-canonical-numbers
 */
export function boundLabel(bound: number): string {
  if (!Number.isFinite(bound)) return bound > 0 ? '+Inf' : '-Inf'
  if (Math.abs(bound) < LABEL_EXPONENT_FROM) return pythonFloat(bound)
  const [digits, exponent] = bound.toExponential().split('e+')
  return `${digits}e+${exponent.padStart(2, '0')}`
}

/**
 * Round to three decimals as Python's `round(x, 3)`: nearest on the exact binary value, ties to
 * even. `toFixed` is exact too but rounds ties up: 0.0625 to 0.063, not 0.062. A tie is an odd
 * multiple of 1/2000, and a float64 is one only when it is an odd multiple of 1/16.
 */
export function roundThousandths(value: number): number {
  const sixteenths = value * 16
  if (!Number.isInteger(sixteenths) || sixteenths % 2 === 0) return Number(value.toFixed(3))
  // The integer part is removed, so that the product with 1,000 is exact.
  const whole = Math.floor(value)
  const below = Math.floor((value - whole) * 1000)
  const thousandths = below % 2 === 0 ? below : below + 1
  return Number(`${whole}.${String(thousandths).padStart(3, '0')}`)
}
