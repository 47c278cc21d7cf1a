const SECONDS_BY_UNIT = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const
/** Units in descending order, each at most once. */
const DURATION = /^(?=\d)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/

/**
 * Parses a duration in the format of Prometheus, such as `5m` or `1h30m`, of days, hours, minutes
 * and seconds, or `0`.
 *
 * @returns seconds; undefined for invalid text
 */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0
  const match = DURATION.exec(text)
  if (match === null) return undefined
  return SECONDS_BY_UNIT.reduce(
    (sum, [, seconds], index) => sum + Number(match[index + 1] ?? 0) * seconds,
    0,
  )
}

/**
 * Formats seconds as one number and one unit, as in names of recorded series: 300 is `5m`, 90 is
 * `90s`.
 */
export function formatDuration(seconds: number): string {
  const [unit, length] = SECONDS_BY_UNIT.find(
    ([, length]) => seconds >= length && seconds % length === 0,
  ) ?? ['s', 1]
  return `${seconds / length}${unit}`
}
