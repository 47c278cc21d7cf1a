import { hrtime } from 'node:process'

/** The time from which incarnations of other processes count: 2020-01-01, in ms since 1970. */
const EPOCH_MS = 1_577_836_800_000
/** Random values that tell apart two incarnations that start in the same millisecond. */
const RANDOM_RANGE = 2 ** 12
/** Milliseconds that fit a safe integer beside the random bits: until the year 2089. */
const MS_END = 2 ** 41 - 2 ** 21
const NS_PER_MS = 1_000_000n

/**
 * A number for an incarnation that needs no coordinator: milliseconds since 2020 times 4,096, plus
 * 12 random bits. Incarnations are ordered by their start as a clock shows it, and are larger than
 * those that `EngineAggregator.connect` counts from 1. A clock that shows no time from 2020 to 2089
 * is not used: then it is the clock of the system, or, where that is wrong too, the time since the
 * system started, which orders the incarnations until it starts again.
 *
 * @param nowMs the wall clock, in milliseconds since 1970
 */
export function incarnationNumber(nowMs: number, random: () => number = Math.random): number {
  const elapsedMs = [nowMs, Date.now()].map((ms) => Math.floor(ms) - EPOCH_MS)
  const startMs = elapsedMs.find((ms) => ms > 0 && ms < MS_END) ?? 1 + uptimeMs()
  return startMs * RANDOM_RANGE + Math.floor(random() * RANDOM_RANGE)
}

/** Milliseconds of a clock that all processes of the system share, and that nobody sets. */
function uptimeMs(): number {
  return Number(hrtime.bigint() / NS_PER_MS)
}
