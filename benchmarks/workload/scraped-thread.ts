import { parentPort, workerData } from 'node:worker_threads'
import type { EngineLink } from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { loadOfficialClient } from '../peers/official-client.js'
import type { PeerOperation } from '../peers/peer.js'
import { PromSession } from '../peers/prom-session.js'
import { recordStep, TWELVE_SERIES } from './fleet-step.js'
import { makeRows } from './rows.js'

/** The data with which a scraped thread is started. */
export interface ScrapedThreadData {
  readonly engine: number
  /** Undefined for the official client, from whose registry the main thread collects. */
  readonly link: EngineLink | undefined
  /** One int32: the thread blocks its event loop while this is 1. */
  readonly blocked: Int32Array
}

/** The requests of the main thread to a scraped thread: record a step, or block the event loop. */
export type ScrapedThreadTask = 'advance' | 'block'

/** A blocked thread continues after this time, regardless of the flag. */
const BLOCK_MS_MAX = 8_000

const { engine, link, blocked } = workerData as ScrapedThreadData
const operationOf = link === undefined ? openRegistry() : openRecorder(link)
const rows = makeRows('ok')
let step = 0

parentPort?.on('message', (task: ScrapedThreadTask) => {
  if (task === 'advance') recordStep(operationOf, rows, TWELVE_SERIES, engine, step++)
  parentPort?.postMessage('done')
  if (task === 'block') block()
})
parentPort?.postMessage('ready')

function openRecorder(link: EngineLink): (name: string) => PeerOperation {
  const recorder = createRecorder(link)
  return (name) => recorder.operation(name)
}

function openRegistry(): (name: string) => PeerOperation {
  const client = loadOfficialClient()
  const session = new PromSession(client)
  client.WorkerRegistry.setRegistries([session.registry])
  // Its constructor adds the listener that responds to the main thread.
  new client.WorkerRegistry()
  const operations = new Map<string, PeerOperation>()
  return (name) => {
    const operation = operations.get(name) ?? session.operation(name, String(engine))
    operations.set(name, operation)
    return operation
  }
}

function block(): void {
  const endMs = performance.now() + BLOCK_MS_MAX
  while (Atomics.load(blocked, 0) === 1 && performance.now() < endMs);
}
