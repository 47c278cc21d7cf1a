/** Engines for tests of the pool: each export ends in another way. */

import { openSync } from 'node:fs'
import type { EngineContext } from '../../../src/index.js'

/** Records the number of rows in its task, and returns its arguments. */
export function run({ engine, incarnation, recorder, task }: EngineContext<{ rows: number }>) {
  for (let row = 0; row < task.rows; row++) recorder.record('load_get', 0.25, 1)
  return { engine, incarnation, task }
}

/** Fails in its first incarnations; the task is their number. */
export async function failAtFirst({ incarnation, recorder, task }: EngineContext<number>) {
  recorder.record('load_get', 0.25, 1)
  if (incarnation <= task) throw new Error(`incarnation ${incarnation} fails`)
  return incarnation
}

/** Ends its thread. */
export function exit({ recorder }: EngineContext): never {
  recorder.record('load_get', 0.25, 1)
  process.exit(7)
}

/** Throws in a callback, outside of the returned promise. */
export async function throwElsewhere({ recorder }: EngineContext): Promise<void> {
  recorder.record('load_get', 0.25, 1)
  setTimeout(() => {
    throw new Error('nobody catches this')
  }, 1)
  await new Promise((resolve) => setTimeout(resolve, 60_000))
}

/** Waits until a stop is requested. */
export async function untilStopped({ engine, recorder, signal }: EngineContext) {
  recorder.record('load_get', 0.25, 1)
  while (!signal.aborted) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 60_000)
      signal.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
  return `stopped ${engine}`
}

/** Checks for a stop request in a loop that never yields. */
export function busyUntilStopped({ recorder }: EngineContext) {
  const loadGet = recorder.operation('load_get')
  while (!recorder.stopRequested) loadGet.record(0.25, 1)
  return 'stopped'
}

/** Ignores stop requests in a loop that never yields. */
export function endless({ recorder }: EngineContext): never {
  const loadGet = recorder.operation('load_get')
  for (;;) loadGet.record(0.25, 1)
}

/**
 * Opens a named pipe without a writer: the system call returns for a writer, but Node cannot abort
 * it.
 */
export function blockOnPipe({ engine, recorder, task }: EngineContext<string>): void {
  recorder.record('load_get', 0.25, 1)
  if (engine === 0) openSync(task, 'r')
}

/** Returns, and then blocks its idle thread in the same way, after it has set a counter to 1. */
export function returnAndBlockOnPipe({
  task,
}: EngineContext<{ path: string; blocked: Int32Array }>): void {
  setTimeout(() => {
    Atomics.store(task.blocked, 0, 1)
    openSync(task.path, 'r')
  }, 20)
}

/** Returns, and throws null in its idle thread when its task has become 1. */
export function returnAndThrowNull({ task }: EngineContext<Int32Array>): void {
  setInterval(() => {
    if (Atomics.load(task, 0) === 1) throw null
  }, 5)
}

/** Ends its thread if it is engine 0; the others wait until a stop is requested. */
export function exitIfFirst(context: EngineContext): Promise<string> {
  return context.engine === 0 && context.incarnation === 1 ? exit(context) : untilStopped(context)
}

/** Ends the thread of its first incarnation, and returns from the next that gets one. */
export function exitAtFirst(context: EngineContext): number {
  if (context.incarnation === 1) exit(context)
  context.recorder.record('load_get', 0.25, 1)
  return context.incarnation
}
