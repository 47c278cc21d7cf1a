import { median } from './statistics.js'

const NS_PER_MS = 1e6
const US_PER_MS = 1e3

/**
 * Nanoseconds an item, the median of several passes: the fastest of them would be one in which no
 * garbage happened to be collected, which is part of what a row costs.
 *
 * @param pass does `items` times the work
 * @param between what is to be done after each pass, not timed
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

/** Microseconds of each of many calls, sorted out as their median. */
export class CallTimes {
  readonly #us: number[] = []

  /** Time one call. */
  time(call: () => void): void {
    const start = performance.now()
    call()
    this.#us.push((performance.now() - start) * US_PER_MS)
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

  get minUs(): number {
    return Math.min(...this.#us)
  }
}
