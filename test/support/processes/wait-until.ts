import { setTimeout as sleep } from 'node:timers/promises'

const LOOK_MS = 20
const WAIT_MS_MAX = 60_000

/** Resolves once `condition` answers something, with it; rejected when that takes too long. */
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
