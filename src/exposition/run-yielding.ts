import { setImmediate as turn } from 'node:timers/promises'

/** Milliseconds of work after which the event loop turns. */
const WORK_MS = 5

/** Run all steps, and let the event loop turn whenever they have run for some milliseconds. */
export async function runYielding(steps: Iterable<void>): Promise<void> {
  let endMs = performance.now() + WORK_MS
  for (const _ of steps) {
    if (performance.now() < endMs) continue
    await turn()
    endMs = performance.now() + WORK_MS
  }
}
