/** A worker that dies while it records; `progress` contains the numbers of rows begun and done. */

import { workerData } from 'node:worker_threads'
import { createRecorder } from '../../../src/recorder/index.js'

const ROWS_MAX = 30_000

const { link, death, progress } = workerData
const written = new Float64Array(progress)
const loadGet = createRecorder(link).operation('load_get')
for (let row = 1; ; row++) {
  written[0] = row
  loadGet.record(0.25, 3, 6)
  written[1] = row
  if (row < ROWS_MAX || death === 'terminate') continue
  if (death === 'throw') throw new Error('the engine fails')
  process.exit(3)
}
