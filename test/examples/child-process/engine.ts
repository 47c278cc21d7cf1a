/** An engine in a separate process; its argument is the engine's index. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createRecorder } from 'moonmeter/recorder'
import { IpcSink } from './ipc-sink.js'

/** What the parent process sends: a request, or to stop. */
export type Message = { readonly numKeys: number } | 'stop'

const engine = Number(process.argv[2])
const recorder = createRecorder({ engine, sink: new IpcSink() })
const loadGet = recorder.operation('load_get')
// A terminal sends Ctrl-C to all processes; the parent process decides when this one stops.
process.on('SIGINT', () => {})

async function serve(numKeys: number): Promise<void> {
  const startMs = performance.now()
  await sleep(2) // stands for the call of the store
  loadGet.record((performance.now() - startMs) / 1_000, numKeys)
}

// Handles requests one after the other; the last report is sent after the others.
let served = Promise.resolve()
process.on('message', (message: Message) => {
  served = served.then(() => (message === 'stop' ? recorder.close() : serve(message.numKeys)))
})
// The parent process has ended, so reports cannot be sent.
process.once('disconnect', () => process.exit())
