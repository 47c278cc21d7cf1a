const US_PER_MS = 1e3

/**
 * Milliseconds of a processor that this process takes for something. Other processes of a busy machine
 * do not lengthen them, and waiting takes none.
 */
export async function busyMs(run: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / US_PER_MS
}
