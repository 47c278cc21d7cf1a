import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'

/** Milliseconds of work after which the event loop turns. */
const WORK_MS = 5

/**
 * Run all steps, and let the event loop turn whenever they have run for some milliseconds. Up to the
 * first turn they run synchronously. A step may yield the milliseconds to wait before the next one.
 *
 * @returns what the steps return
 */
export async function runYielding<Result>(steps: Iterable<unknown, Result>): Promise<Result> {
  const iterator = steps[Symbol.iterator]()
  let endMs = performance.now() + WORK_MS
  for (;;) {
    const step = iterator.next()
    if (step.done) return step.value
    if (typeof step.value === 'number') await sleep(step.value)
    else if (performance.now() < endMs) continue
    else await turn()
    endMs = performance.now() + WORK_MS
  }
}

/**
 * Groups steps that take little time each: yields once for so many of them, and for each step that
 * yields milliseconds to wait.
 */
export function* inGroups(size: number, steps: Iterable<unknown>): Generator<unknown> {
  let taken = 0
  for (const step of steps) if (typeof step === 'number' || ++taken % size === 0) yield step
}
