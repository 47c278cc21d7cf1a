/** 128 plus the number of the signal, as shells report it. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const

/**
 * Calls `stop` at the first SIGINT or SIGTERM, and exits the process at the second.
 *
 * @returns a function that removes the signal handlers
 */
export function stopOnSignals(stop: (signal: string) => void): () => void {
  let stopping = false
  const handle = (signal: keyof typeof EXIT_CODES) => {
    if (stopping) process.exit(EXIT_CODES[signal])
    stopping = true
    stop(signal)
  }
  process.on('SIGINT', handle).on('SIGTERM', handle)
  return () => process.off('SIGINT', handle).off('SIGTERM', handle)
}
