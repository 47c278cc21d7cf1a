/** The steps of an axis within a decade. */
const STEPS = [1, 2, 5, 10]
/** Axes with more decades than this have labels at powers of ten only. */
const STEP_DECADES_MAX = 3
/** Minimum factor that an axis spans, so that noise does not fill the chart. */
const SPAN_MIN = 8
/** Tolerance of rounding errors, such as those of 10^-3 × 2. */
const SLACK = 1e-9

/** The range of a logarithmic axis: the steps around the values, so that it rarely changes. */
export function logRange(min: number, max: number): [min: number, max: number] {
  const middle = Math.sqrt(min * max)
  const spread = Math.sqrt(SPAN_MIN)
  return [stepBelow(Math.min(min, middle / spread)), stepAbove(Math.max(max, middle * spread))]
}

/**
 * The labels of a logarithmic axis: 1, 2 and 5 of each decade, or only 1 if there are many decades.
 */
export function logTicks(min: number, max: number): number[] {
  const first = Math.floor(Math.log10(min) + SLACK)
  const last = Math.ceil(Math.log10(max) - SLACK)
  const isLong = Math.log10(max / min) > STEP_DECADES_MAX
  const ticks: number[] = []
  for (let decade = first; decade <= last; decade++) {
    for (const step of isLong ? [1] : STEPS.slice(0, -1)) {
      const tick = Number(`${step}e${decade}`)
      if (tick >= min * (1 - SLACK) && tick <= max * (1 + SLACK)) ticks.push(tick)
    }
  }
  return ticks
}

/** The smallest step that is not below a value. The inverse of a step (1, 2, 5) is also a step. */
function stepAbove(value: number): number {
  return Number((1 / stepBelow(1 / value)).toPrecision(1))
}

function stepBelow(value: number): number {
  const decade = Math.floor(Math.log10(value) + SLACK)
  const digits = value / 10 ** decade
  const step = STEPS.findLast((one) => one <= digits * (1 + SLACK)) ?? 1
  return Number(`${step}e${decade}`)
}
