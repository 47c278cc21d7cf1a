/**
 * Milliseconds since the process started, by a monotonic clock. Code that blocks its thread or
 * loops until a time must use this clock: fake timers of test runners replace `performance.now`, and a
 * loop that waits for a stopped clock never ends.
 */
export function elapsedMs(): number {
  return process.uptime() * 1_000
}
