import { threadId } from 'node:worker_threads'
import { connectRecorder } from '../../../src/recorder/index.js'

const recorder = await connectRecorder()

/** A task of the user's own pool: records some rows and returns the id of its thread. */
export function task(rows: number): number {
  for (let row = 0; row < rows; row++) recorder.record('load_get', 0.25, 2)
  return threadId
}
