import { messageOf } from './describe.js'

/** Names of the callbacks that were warned about: one warning each. */
const warned = new Set<string>()

/**
 * Call a user's callback so that its failure does not propagate. The first exception or rejected
 * promise of each callback is emitted as a warning of the process.
 *
 * @param name of the callback, for the warning
 * @param onFailure called after each failure: before this returns, or once a promise is rejected
 */
export function callSafely(
  name: string,
  call: () => unknown,
  onFailure: () => void = () => {},
): void {
  const fail = (error: unknown) => {
    warn(name, error)
    onFailure()
  }
  try {
    const result = call() as Partial<PromiseLike<unknown>> | null | undefined
    if (typeof result?.then === 'function') Promise.resolve(result).catch(fail)
  } catch (error) {
    fail(error)
  }
}

function warn(name: string, error: unknown): void {
  if (warned.has(name)) return
  warned.add(name)
  process.emitWarning(`${name} threw: ${messageOf(error)}`, { type: 'MoonmeterWarning' })
}
