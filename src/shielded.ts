/** Callbacks that were told of already: one warning each is enough. */
const warned = new Set<string>()

/**
 * Call somebody's callback in a place where its failure must not be ours: telemetry does not take
 * a server down. The first failure of each callback is told as a warning of the process.
 */
export function shielded(name: string, call: () => void): void {
  try {
    call()
  } catch (error) {
    if (warned.has(name)) return
    warned.add(name)
    const message = error instanceof Error ? error.message : String(error)
    process.emitWarning(`${name} threw: ${message}`, { type: 'MoonmeterWarning' })
  }
}
