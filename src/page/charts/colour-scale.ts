/**
 * Points of the colour map cividis, which is perceptually uniform also with red-green colour
 * blindness.
 */
const CIVIDIS = [
  [0, 34, 78],
  [18, 53, 112],
  [59, 73, 108],
  [87, 93, 109],
  [112, 113, 115],
  [138, 134, 120],
  [165, 156, 116],
  [195, 179, 105],
  [225, 204, 85],
  [254, 232, 56],
] as const
/** A paler light end for light pages, so that cells with few operations do not stand out. */
const LIGHT_END = [
  [253, 246, 215],
  [248, 235, 178],
  [226, 209, 131],
] as const
/** Number of colours of a scale. */
export const COLOURS = 64

/**
 * The CSS colours from few to many operations. The colour for few is close to the background: the
 * dark end on a dark page and the light end on a light page.
 */
export function colourScale(isDark: boolean): readonly string[] {
  const points = isDark ? CIVIDIS : [...LIGHT_END, ...CIVIDIS.toReversed().slice(LIGHT_END.length)]
  return Array.from({ length: COLOURS }, (_, index) => colourAt(points, index / (COLOURS - 1)))
}

/**
 * The index of the colour of a value, on a logarithmic scale, since cells differ by orders of
 * magnitude.
 */
export function colourIndex(value: number, min: number, max: number): number {
  if (!(max > min)) return COLOURS - 1
  const share = Math.log(value / min) / Math.log(max / min)
  return Math.round(Math.min(Math.max(share, 0), 1) * (COLOURS - 1))
}

function colourAt(points: readonly (readonly number[])[], share: number): string {
  const at = share * (points.length - 1)
  const index = Math.min(Math.floor(at), points.length - 2)
  const [from, to] = [points[index], points[index + 1]]
  const channels = from.map((channel, place) =>
    Math.round(channel + (to[place] - channel) * (at - index)),
  )
  return `rgb(${channels.join(' ')})`
}
