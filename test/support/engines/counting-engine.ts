/** An engine that records at full speed and counts its rows, until a stop is requested. */

import { setImmediate as turn } from 'node:timers/promises'
import { isMainThread, type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { EngineContext } from '../../../src/index.js'
import { createRecorder, type EngineLink, type Recorder } from '../../../src/recorder/index.js'

/** The task of a counting engine. */
export interface CountingTask {
  /** The link; absent if it is sent in a message. */
  readonly link?: EngineLink
  /** The port of that message; default the worker's own port. */
  readonly linkPort?: MessagePort
  /** Two float64: rows begun and rows done, over all incarnations of the engine. */
  readonly counters: SharedArrayBuffer
  /**
   * Whether it records in a loop that never yields; otherwise it yields to the event loop at times.
   */
  readonly busy: boolean
  /** Number of rows after which it ends its thread without a last report. */
  readonly exitAfter?: number
}

const ROWS_PER_LOOK = 500
const STATUSES = ['ok', 'partial_failure', 'error']

const task = workerData as CountingTask | undefined
if (!isMainThread && task?.counters !== undefined) {
  if (task.link !== undefined) await live(task.link, task)
  else (task.linkPort ?? parentPort)?.once('message', (link: EngineLink) => live(link, task))
}

async function live(link: EngineLink, work: CountingTask): Promise<void> {
  const recorder = createRecorder(link)
  await record(recorder, work)
  recorder.close()
}

/** For a pool: records until a stop is requested, and returns its count. */
export async function run({ recorder, task }: EngineContext<CountingTask>): Promise<number> {
  return record(recorder, task)
}

async function record(recorder: Recorder, work: CountingTask): Promise<number> {
  const { counters, busy, exitAfter = Number.POSITIVE_INFINITY } = work
  const rows = new Float64Array(counters)
  const loadGet = recorder.operation('load_get')
  const savePut = recorder.operation('save_put')
  while (!recorder.stopRequested) {
    for (let look = 0; look < ROWS_PER_LOOK; look++) {
      rows[0] += 1
      const handle = rows[0] % 2 === 0 ? loadGet : savePut
      handle.record(1e-6 * (rows[0] % 1_000), 3, 4_096, STATUSES[rows[0] % 3], 1)
      rows[1] += 1
      if (rows[1] >= exitAfter) process.exit(5)
    }
    if (!busy) await turn()
  }
  return rows[1]
}
