/** A worker process of the cluster: a server whose requests load keys from the store. */
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { createRecorder } from 'moonmeter/recorder'
import { IpcSink } from '../child-process/ipc-sink.js'

const KEYS = 12

const recorder = createRecorder({ engine: Number(process.env.ENGINE), sink: new IpcSink() })
const loadGet = recorder.operation('load_get')

const server = createServer(async (_request, response) => {
  const startMs = performance.now()
  await sleep(2) // stands for the call of the store
  loadGet.record((performance.now() - startMs) / 1_000, KEYS)
  response.end(`engine ${recorder.engine}, process ${process.pid}: ${KEYS} keys\n`)
})
// All workers share the port.
server.listen(Number(process.env.APP_PORT ?? 8080), '127.0.0.1')

// The last report comes after the last request. The sink then closes the channel to the primary
// process, and the worker ends.
process.once('SIGTERM', () => server.close(() => recorder.close()))
// A terminal sends Ctrl-C to all processes; the primary process decides when this one stops.
process.on('SIGINT', () => {})
