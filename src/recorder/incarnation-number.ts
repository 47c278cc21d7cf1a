import { hrtime } from 'node:process'

/** The time that incarnation numbers start from: 2020-01-01, in ms since 1970. */
const EPOCH_MS = 1_577_836_800_000
/** Number of values that distinguish incarnations that start in the same millisecond. */
const VALUES = 2 ** 12
/** Milliseconds that fit into a safe integer together with the random bits: until the year 2089. */
const MS_END = 2 ** 41 - 2 ** 21
const NS_PER_MS = 1_000_000n

/** Random in each thread; each incarnation of the thread takes the next value. */
let value = Math.floor(Math.random() * VALUES)

/**
 * A number for an incarnation that needs no coordinator: milliseconds since 2020 times 4,096, plus
 * a value of 12 bits that is random in each thread. Numbers ascend with the start of incarnations,
 * and are larger than those that `EngineAggregator.connect` counts from 1.
 *
 * If the caller's clock returns no time from 2020 to 2089, the system clock is used; if that does
 * not either, the uptime of the system, which orders incarnations until the system restarts.
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
 * The start time of an incarnation, in milliseconds since 1970.
 *
 * @param incarnation a number that `incarnationNumber` returned
 */
export function startOfIncarnation(incarnation: number): number {
  return EPOCH_MS + Math.floor(incarnation / VALUES)
}

/** Milliseconds of a monotonic clock that all processes of the system share. */
function uptimeMs(): number {
  return Number(hrtime.bigint() / NS_PER_MS)
}
