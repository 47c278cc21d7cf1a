import { setImmediate as turn } from 'node:timers/promises'

/** Milliseconds of work after which others get their turn. */
const TURN_MS = 5
/** Steps between two looks at the clock. */
const STEPS_PER_LOOK = 16

/** Take all steps, letting the event loop turn whenever they have had some milliseconds. */
export async function pace(steps: Iterable<void>): Promise<void> {
  let endMs = performance.now() + TURN_MS
  let step = 0
  for (const _ of steps) {
    if (++step % STEPS_PER_LOOK !== 0 || performance.now() < endMs) continue
    await turn()
    endMs = performance.now() + TURN_MS
  }
}
