import { median } from './statistics.js'

const NS_PER_MS = 1e6
const US_PER_MS = 1e3

/**
 * Nanoseconds an item, the median of several passes. The fastest pass would be one in which no
 * garbage was collected, and collecting it is part of the cost.
 *
 * @param pass does the work of `items` items
 * @param between called after each pass, not timed
 */
export async function passNs(
  passes: number,
  items: number,
  pass: () => void | Promise<void>,
  between: () => void = () => {},
): Promise<number> {
  const times: number[] = []
  for (let index = 0; index < passes; index++) {
    const start = performance.now()
    await pass()
    times.push(performance.now() - start)
    between()
  }
  return (median(times) * NS_PER_MS) / items
}

/** Microseconds of each of many calls, and their median. */
export class CallTimes {
  readonly #us: number[] = []

  /** Time one call; returns its result. */
  time<Result>(call: () => Result): Result {
    const start = performance.now()
    const result = call()
    this.#us.push((performance.now() - start) * US_PER_MS)
    return result
  }

  /** Time one asynchronous call. */
  async timeAsync(call: () => Promise<unknown>): Promise<void> {
    const start = performance.now()
    await call()
    this.#us.push((performance.now() - start) * US_PER_MS)
  }

  get medianUs(): number {
    return median(this.#us)
  }
}
