import { messageOf } from './describe.js'

/** Names for which a warning was emitted: each gets one. */
const warned = new Set<string>()

/**
 * Call a user's callback so that its failure does not propagate. The first exception or rejected
 * promise of each callback is emitted as a warning of the process.
 *
 * @param name the callback, for the warning
 * @param onFailure called after each failure: before this function returns, or when a promise is
 * rejected
 * @returns the result of the callback; undefined if it throws
 */
export function callSafely<Result>(
  name: string,
  call: () => Result,
  onFailure: () => void = () => {},
): Result | undefined {
  const fail = (error: unknown) => {
    warnOnce(name, `${name} threw: ${messageOf(error)}`)
    onFailure()
  }
  try {
    const result = call()
    const { then } = (result ?? {}) as Partial<PromiseLike<unknown>>
    if (typeof then === 'function') Promise.resolve(result).catch(fail)
    return result
  } catch (error) {
    fail(error)
    return undefined
  }
}

/** The time of a user's clock; NaN if the clock throws or returns no number. */
export function readClock(name: string, now: () => number): number {
  const shown: unknown = callSafely(name, now)
  return typeof shown === 'number' ? shown : Number.NaN
}

/** Emit a warning of the process, once per name. */
export function warnOnce(name: string, message: string): void {
  if (warned.has(name)) return
  warned.add(name)
  process.emitWarning(message, { type: 'MoonmeterWarning' })
}
