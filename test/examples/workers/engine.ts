/** An engine on a worker thread: serves requests one after the other, and records its store calls. */
import { on } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { createRecorder, type EngineLink } from 'moonmeter/recorder'

/** What the main thread posts. */
export interface Request {
  readonly numKeys: number
}

const BLOCK_BYTES = 4_096

if (parentPort === null) throw new Error('engine.js: expected to run on a worker thread')
const { link }: { link: EngineLink } = workerData
const recorder = createRecorder(link)
// A handle for one operation is the fastest way to record.
const loadGet = recorder.operation('load_get')

async function serve({ numKeys }: Request): Promise<void> {
  const startMs = performance.now()
  await sleep(2) // stands for the call of the store
  const seconds = (performance.now() - startMs) / 1_000
  loadGet.record(seconds, numKeys, numKeys * BLOCK_BYTES)
}

try {
  // Ends when the main thread calls aggregator.requestStop.
  for await (const [request] of on(parentPort, 'message', { signal: recorder.signal })) {
    await serve(request)
  }
} catch (error) {
  if (!recorder.signal.aborted) throw error
}
// Sends the last report; without it, the main thread reads the shared memory when the thread ends.
recorder.close()
