import { hrtime } from 'node:process'

/** The time from which incarnations of other processes count: 2020-01-01, in ms since 1970. */
const EPOCH_MS = 1_577_836_800_000
/** Values that tell apart the incarnations that start in the same millisecond. */
const VALUES = 2 ** 12
/** Milliseconds that fit a safe integer beside the random bits: until the year 2089. */
const MS_END = 2 ** 41 - 2 ** 21
const NS_PER_MS = 1_000_000n

/** Random in each thread, and another one for each of its incarnations. */
let value = Math.floor(Math.random() * VALUES)

/**
 * A number for an incarnation that needs no coordinator: milliseconds since 2020 times 4,096, plus
 * a value of 12 bits that is random in each thread. Numbers ascend with the start of incarnations,
 * and are larger than those that `EngineAggregator.connect` counts from 1.
 *
 * Where the caller's clock shows no time from 2020 to 2089, that of the system is used, or the time
 * since the system started, which orders the incarnations until it starts again.
 *
 * @param nowMs the wall clock, in milliseconds since 1970
 */
export function incarnationNumber(nowMs: number): number {
  const elapsedMs = [nowMs, Date.now()].map((ms) => Math.floor(ms) - EPOCH_MS)
  const startMs = elapsedMs.find((ms) => ms > 0 && ms < MS_END) ?? 1 + uptimeMs()
  value = (value + 1) % VALUES
  return startMs * VALUES + value
}

/**
 * When an incarnation began, in milliseconds since 1970.
 *
 * @param incarnation a number that `incarnationNumber` made
 */
export function startOfIncarnation(incarnation: number): number {
  return EPOCH_MS + Math.floor(incarnation / VALUES)
}

/** Milliseconds of a clock that all processes of the system share, and that cannot be set. */
function uptimeMs(): number {
  return Number(hrtime.bigint() / NS_PER_MS)
}
