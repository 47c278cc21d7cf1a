/** The time from which incarnations of other processes count: 2020-01-01, in ms since 1970. */
const EPOCH_MS = 1_577_836_800_000
/** Random values that tell apart two incarnations that start in the same millisecond. */
const RANDOM_RANGE = 2 ** 12
/** Milliseconds that fit a safe integer beside the random bits: until the year 2089. */
const MS_END = 2 ** 41 - 2 ** 21

/**
 * A number for an incarnation that needs no coordinator: milliseconds since 2020 times 4,096, plus
 * 12 random bits. Incarnations are ordered by their start as the clock shows it, and are larger than
 * those that `EngineAggregator.connect` counts from 1. Where the clock shows no time from 2020 to
 * 2089, all 53 bits are random: the incarnation is unique, but its order is not that of its start.
 *
 * @param nowMs the wall clock, in milliseconds since 1970
 */
export function incarnationNumber(nowMs: number, random: () => number = Math.random): number {
  const elapsedMs = Math.floor(nowMs) - EPOCH_MS
  const isPlausible = elapsedMs > 0 && elapsedMs < MS_END
  const startMs = isPlausible ? elapsedMs : 1 + Math.floor(random() * (MS_END - 1))
  return startMs * RANDOM_RANGE + Math.floor(random() * RANDOM_RANGE)
}
