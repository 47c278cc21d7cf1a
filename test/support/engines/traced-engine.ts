/** An engine that reports one row with a trace, and ends after another without a report. */

import { parentPort, workerData } from 'node:worker_threads'
import { createRecorder } from '../../../src/recorder/index.js'

const recorder = createRecorder(workerData.link)
const loadGet = recorder.operation('load_get')
loadGet.record(0.5, 1, 0, 'ok', 0, 'reported')
recorder.report()
loadGet.record(0.5, 1, 0, 'ok', 0, 'lost')
parentPort?.once('message', () => process.exit(0))
parentPort?.postMessage('ready')
