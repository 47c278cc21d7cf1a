/** 128 plus the number of the signal, as shells report it. */
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const
const SIGNALS = Object.keys(EXIT_CODES) as (keyof typeof EXIT_CODES)[]

/**
 * Calls `stop` at the first SIGHUP, SIGINT or SIGTERM, and exits the process at the second.
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
  for (const signal of SIGNALS) process.on(signal, handle)
  return () => {
    for (const signal of SIGNALS) process.off(signal, handle)
  }
}
