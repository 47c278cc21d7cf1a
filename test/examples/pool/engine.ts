/** The file of the pool's engines: `run` is called for each incarnation of each engine. */
import type { EngineFunction } from 'moonmeter'
import { instrumentStore } from 'moonmeter/recorder'
import { MemoryStore } from './memory-store.js'

/** What the pool's `task` option returns. */
export interface Task {
  readonly rounds: number
  readonly failsAtFirst: boolean
}

const KEYS = ['a', 'b', 'c', 'd']
const BLOCK = Buffer.alloc(4_096)

/** Saves, looks up and loads blocks; returns the number of calls. */
export const run: EngineFunction<Task, number> = async ({
  incarnation,
  recorder,
  signal,
  task,
}) => {
  // Calls of batchPut, batchIsExist and batchGet are recorded; the rest of the client is as before.
  const store = instrumentStore(new MemoryStore(), recorder)
  const blocks = KEYS.map(() => BLOCK)
  let calls = 0
  for (let round = 0; round < task.rounds && !signal.aborted; round++) {
    await store.batchPut(KEYS, blocks)
    await store.batchIsExist(KEYS)
    await store.batchGet([...KEYS, 'missing'])
    calls += 3
    if (task.failsAtFirst && incarnation === 1) throw new Error('fails at first')
  }
  // The pool closes the recorder.
  return calls
}
