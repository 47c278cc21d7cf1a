/** An engine that works normally until it is told to block its thread for ever. */

import { setTimeout as sleep } from 'node:timers/promises'
import { workerData } from 'node:worker_threads'
import { createRecorder, type EngineLink } from '../../../src/recorder/index.js'

/** The task of a blocking engine. */
export interface BlockingTask {
  readonly link: EngineLink
  /** Two float64: rows begun and rows done, counted by the test. */
  readonly counters: SharedArrayBuffer
  /** One int32: 1 makes the engine block. */
  readonly go: SharedArrayBuffer
  /** Maximum number of rows, including those of the blocking loop. */
  readonly rowsMax: number
}

/** Rows that are recorded while the engine still yields. */
export const ROWS_BEFORE = 1_000

if ((workerData as BlockingTask | undefined)?.go !== undefined) await live(workerData)

async function live({ link, counters, go, rowsMax }: BlockingTask): Promise<never> {
  const loadGet = createRecorder(link).operation('load_get')
  const rows = new Float64Array(counters)
  const words = new Int32Array(go)
  const record = () => {
    rows[0] += 1
    loadGet.record(0.25, 3, 6)
    rows[1] += 1
  }
  for (let row = 0; row < ROWS_BEFORE; row++) record()
  while (Atomics.load(words, 0) === 0) await sleep(1)
  for (;;) if (rows[1] < rowsMax) record()
}
