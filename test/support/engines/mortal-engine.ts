/** Engines for a pool that count their rows, and end in the way of their name. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { EngineContext } from '../../../src/index.js'
import type { Recorder } from '../../../src/recorder/index.js'

/** The task of a mortal engine. */
export interface MortalTask {
  /** Two float64: rows begun and rows done, over all incarnations. */
  readonly counters: SharedArrayBuffer
  /** Rows of each incarnation. */
  readonly rows: number
}

type Context = EngineContext<MortalTask>

function record(recorder: Recorder, { counters, rows }: MortalTask): void {
  const counted = new Float64Array(counters)
  const loadGet = recorder.operation('load_get')
  for (let row = 0; row < rows; row++) {
    counted[0] += 1
    loadGet.record(0.25, 3, 6)
    counted[1] += 1
  }
}

/** Throws. */
export function error({ recorder, task }: Context): never {
  record(recorder, task)
  throw new Error('the engine fails')
}

/** Ends its thread. */
export function exit({ recorder, task }: Context): never {
  record(recorder, task)
  process.exit(7)
}

/** Fills its heap with large arrays, for which every version of Node ends only the thread. */
export function out_of_memory({ recorder, task }: Context): never {
  record(recorder, task)
  const hoard: unknown[] = []
  for (;;) hoard.push(new Array(200_000).fill(hoard.length))
}

/**
 * Fills its heap with small arrays, for which Node 24 and 26 may end the process or hang the
 * thread.
 */
export function out_of_memory_in_small_steps({ recorder, task }: Context): never {
  record(recorder, task)
  const hoard: unknown[] = []
  for (;;) hoard.push(new Array(1_000).fill(hoard.length))
}

/** Records until its signal aborts, and returns how it observed the request. */
export async function graceful({ recorder, task, signal }: Context): Promise<object> {
  let heard = false
  signal.addEventListener('abort', () => {
    heard = true
  })
  while (!signal.aborted) {
    record(recorder, task)
    await sleep(1)
  }
  // Rows that only a last report, or the journal, contains.
  record(recorder, task)
  return { heard, stopRequested: recorder.stopRequested }
}

/** Records for ever and ignores stop requests. */
export function hung({ recorder, task }: Context): never {
  for (;;) record(recorder, task)
}

/**
 * Records and dies in each incarnation, alternately by an exception and an exit, until a stop is
 * requested.
 */
export async function restless({ recorder, task, incarnation, signal }: Context): Promise<string> {
  const endMs = performance.now() + 20 + Math.random() * 100
  while (performance.now() < endMs && !recorder.stopRequested) {
    record(recorder, task)
    if (incarnation % 3 !== 0) await sleep(0)
  }
  if (signal.aborted || recorder.stopRequested) return 'stopped'
  if (incarnation % 2 === 0) process.exit(3)
  throw new Error('the engine fails')
}
