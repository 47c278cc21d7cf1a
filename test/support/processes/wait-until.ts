import { setTimeout as sleep } from 'node:timers/promises'

const LOOK_MS = 20
const WAIT_MS_MAX = 60_000

/** Resolves with the first result of `condition` that is neither undefined nor false; rejects after a time-out. */
export async function waitUntil<Value>(
  what: string,
  condition: () => Value | undefined | false | Promise<Value | undefined | false>,
  waitMsMax = WAIT_MS_MAX,
): Promise<Value> {
  const endMs = performance.now() + waitMsMax
  for (;;) {
    const value = await condition()
    if (value !== undefined && value !== false) return value
    if (performance.now() > endMs) throw new Error(`${what}: not within ${waitMsMax} ms`)
    await sleep(LOOK_MS)
  }
}
