const SIGNALS = ['SIGINT', 'SIGTERM'] as const
/** Shells report a process that a signal ended as 128 plus its number. */
const EXIT_BY_SIGNAL = { SIGINT: 130, SIGTERM: 143 } as const

/**
 * Call `stop` at the first SIGINT or SIGTERM, and end the process at once at the second.
 *
 * @returns a function that gives the signals back
 */
export function stopOnSignals(stop: (signal: string) => void): () => void {
  let stopping = false
  const handle = (signal: (typeof SIGNALS)[number]) => {
    if (stopping) process.exit(EXIT_BY_SIGNAL[signal])
    stopping = true
    stop(signal)
  }
  for (const signal of SIGNALS) process.on(signal, handle)
  return () => {
    for (const signal of SIGNALS) process.off(signal, handle)
  }
}
