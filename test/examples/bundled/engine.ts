/** An engine that is bundled: it records a few calls and ends. */
import { workerData } from 'node:worker_threads'
import { createRecorder, type EngineLink } from 'moonmeter/recorder'

const { link }: { link: EngineLink } = workerData
const recorder = createRecorder(link)
for (const numKeys of [1, 2, 3]) recorder.record('load_get', 0.002, numKeys, { numBytes: 4_096 })
recorder.close()
