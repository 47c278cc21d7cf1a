import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { elapsedMs } from './elapsed.js'

/** Milliseconds of work between two turns of the event loop. */
const WORK_MS = 5

/**
 * Run all steps, and yield to the event loop after each `WORK_MS` of work. Steps before the first
 * such yield run synchronously. A step may yield a number of milliseconds to wait before the next
 * one.
 *
 * @returns the result of the generator
 */
export async function runYielding<Result>(steps: Iterable<unknown, Result>): Promise<Result> {
  const iterator = steps[Symbol.iterator]()
  let endMs = elapsedMs() + WORK_MS
  for (;;) {
    const step = iterator.next()
    if (step.done) return step.value
    if (typeof step.value === 'number') await sleep(step.value)
    else if (elapsedMs() < endMs) continue
    else await turn()
    endMs = elapsedMs() + WORK_MS
  }
}

/**
 * Groups short steps: yields once per `size` steps, and for each step that yields milliseconds to
 * wait.
 */
export function* inGroups(size: number, steps: Iterable<unknown>): Generator<unknown> {
  let taken = 0
  for (const step of steps) if (typeof step === 'number' || ++taken % size === 0) yield step
}
