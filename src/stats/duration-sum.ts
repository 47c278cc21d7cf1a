/** Seconds of one unit of a duration sum: the last bit of a duration of 2^-30 s (0.93 ns). */
export const DURATION_UNIT_SECONDS = 2 ** -82

/**
 * A sum of durations in units of 2^-82 s. It is exact for durations from 2^-30 s, in any order of
 * addition; each shorter duration is rounded to the nearest unit.
 */
export type DurationSum = bigint

/** The sum of one duration (seconds, from 0 to 2^64). */
export function durationSumOf(seconds: number): DurationSum {
  // A power of two scales without rounding, and from 2^-30 s on the product is an integer.
  return BigInt(Math.round(seconds / DURATION_UNIT_SECONDS))
}

/** The float64 nearest to the sum in seconds, ties to even, as Python's `math.fsum` rounds. */
export function secondsOfSum(sum: DurationSum): number {
  return Number(sum) * DURATION_UNIT_SECONDS
}
