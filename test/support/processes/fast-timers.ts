/**
 * Preloaded into the command with `--import`, so that a test need not wait for ten seconds: timers
 * of 10,000 ms run after 500 ms. Other timers are unchanged.
 */

const SLOW_MS = 10_000
const FAST_MS = 500

const { setInterval: originalInterval, setTimeout: originalTimeout } = globalThis
const fastOf = (ms?: number) => (ms === SLOW_MS ? FAST_MS : ms)
globalThis.setInterval = ((run: () => void, ms?: number) =>
  originalInterval(run, fastOf(ms))) as typeof setInterval
globalThis.setTimeout = ((run: () => void, ms?: number) =>
  originalTimeout(run, fastOf(ms))) as typeof setTimeout
