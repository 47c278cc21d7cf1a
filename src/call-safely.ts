/** Names of the callbacks that were warned about: one warning each. */
const warned = new Set<string>()

/**
 * Call a user's callback so that its failure does not propagate. The first exception or rejected
 * promise of each callback is emitted as a warning of the process.
 *
 * @param name of the callback, for the warning
 */
export function callSafely(name: string, call: () => unknown): void {
  try {
    const result = call() as Partial<PromiseLike<unknown>> | undefined
    if (typeof result?.then !== 'function') return
    Promise.resolve(result).catch((error: unknown) => warn(name, error))
  } catch (error) {
    warn(name, error)
  }
}

function warn(name: string, error: unknown): void {
  if (warned.has(name)) return
  warned.add(name)
  process.emitWarning(`${name} threw: ${messageOf(error)}`, { type: 'MoonmeterWarning' })
}

function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error)
  } catch {
    // Such as an object without a prototype.
    return 'a value that has no text'
  }
}
