/** An engine that counts extra metrics at full speed until its thread is ended, or hangs in a call. */

import { parentPort, workerData } from 'node:worker_threads'
import { createRecorder } from '../../../src/recorder/index.js'

const { link, hangs, progress } = workerData
const recorder = createRecorder(link)
const loadGet = recorder.operation('load_get')
if (hangs) {
  loadGet.begin()
  loadGet.begin()
  loadGet.end()
  parentPort?.postMessage('hanging')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}
const written = new Float64Array(progress)
const options = { numBytes: 7, numTransferredBytes: 5, numHitKeys: 2 }
for (;;) {
  loadGet.begin()
  recorder.record('load_get', 0.25, 3, options)
  loadGet.end()
  written[0]++
}
