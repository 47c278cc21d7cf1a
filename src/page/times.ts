const MS_PER_SECOND = 1_000
const SECONDS_PER_MINUTE = 60
const TENTHS_BELOW = 10

const CLOCK = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
})
const MINUTES = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })

/** Formats a time as local time of day: `14:02:05`. */
export function formatClock(timestampMs: number): string {
  return CLOCK.format(timestampMs)
}

/** Formats a time as local time of day without seconds: `14:02`. */
export function formatMinute(timestampMs: number): string {
  return MINUTES.format(timestampMs)
}

/** Formats a period in seconds, with tenths if it is short: `0.4`, `12`. */
export function formatSeconds(passedMs: number): string {
  const seconds = Math.max(0, passedMs) / MS_PER_SECOND
  return seconds < TENTHS_BELOW - 0.05 ? seconds.toFixed(1) : String(Math.round(seconds))
}

/** Formats a period for a sentence: `8 s`, `3 min`. */
export function formatPassed(passedMs: number): string {
  const seconds = Math.floor(Math.max(0, passedMs) / MS_PER_SECOND)
  if (
    seconds < SECONDS_PER_MINUTE ||
    (seconds % SECONDS_PER_MINUTE > 0 && seconds < 2 * SECONDS_PER_MINUTE)
  )
    return `${seconds} s`
  return `${Math.floor(seconds / SECONDS_PER_MINUTE)} min`
}
