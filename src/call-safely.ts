import { messageOf } from './describe.js'

/** Names of the callbacks and values that were warned about: one warning each. */
const warned = new Set<string>()

/**
 * Call a user's callback so that its failure does not propagate. The first exception or rejected
 * promise of each callback is emitted as a warning of the process.
 *
 * @param name of the callback, for the warning
 * @param onFailure called after each failure: before this returns, or once a promise is rejected
 * @returns what the callback returns; undefined where it throws
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

/** What a user's clock shows; NaN where it throws, or shows what is no number. */
export function readClock(name: string, now: () => number): number {
  const shown: unknown = callSafely(name, now)
  return typeof shown === 'number' ? shown : Number.NaN
}

/** Emit a warning of the process, unless there was one of this name. */
export function warnOnce(name: string, message: string): void {
  if (warned.has(name)) return
  warned.add(name)
  process.emitWarning(message, { type: 'MoonmeterWarning' })
}
