import { setImmediate as nextTurn } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import type { EngineLink } from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { recordRows } from '../cases/record-rows.js'
import { makeRows } from './rows.js'
import { OPERATIONS } from './twelve-series.js'

// Many engines in one thread record as fast as they can on one core; the main thread has the other.
// Each turn of the event loop runs their report timers.
const { links } = workerData as { readonly links: readonly EngineLink[] }
const ROWS_PER_TURN = 512

const rows = makeRows('mixed')
const recorders = links.map((link) => createRecorder(link))
const handles = recorders.flatMap((recorder) => OPERATIONS.map((name) => recorder.operation(name)))
let recorded = 0
let stopped = false
parentPort?.once('message', () => {
  stopped = true
})
parentPort?.postMessage('recording')
while (!stopped) {
  for (const handle of handles) recordRows(handle, rows, ROWS_PER_TURN)
  recorded += handles.length * ROWS_PER_TURN
  await nextTurn()
}
for (const recorder of recorders) recorder.close()
parentPort?.postMessage(recorded)
