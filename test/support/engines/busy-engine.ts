/** A worker that records in a loop that never yields, until a stop is requested. */

import { workerData } from 'node:worker_threads'
import { createRecorder } from '../../../src/recorder/index.js'

const recorder = createRecorder(workerData.link)
const loadGet = recorder.operation('load_get')
while (!recorder.stopRequested) {
  for (let row = 0; row < 1_000; row++) loadGet.record(0.001, 1)
}
recorder.close()
