/** The worker file of the Piscina pool. */
import { setTimeout as sleep } from 'node:timers/promises'
import { connectRecorder } from 'moonmeter/recorder'

/** The argument of a task. */
export interface Task {
  readonly numKeys: number
}

// Once per thread, not per task.
const recorder = await connectRecorder()
const loadGet = recorder.operation('load_get')

/** Loads keys from the store; returns how many. */
export async function load({ numKeys }: Task): Promise<number> {
  const startMs = performance.now()
  await sleep(2) // stands for the call of the store
  loadGet.record((performance.now() - startMs) / 1_000, numKeys)
  return numKeys
}
