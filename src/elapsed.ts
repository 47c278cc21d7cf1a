/**
 * Milliseconds since the process started, by a clock that never goes back. Code that blocks its
 * thread for a time, or loops for it, must use this one: the fake timers of test runners replace
 * `performance.now`, and a loop that waits for a clock that stands still does not end.
 */
export function elapsedMs(): number {
  return process.uptime() * 1_000
}
