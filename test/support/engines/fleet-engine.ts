/**
 * An engine in a separate process that records rows continuously and reports them to a bucket. It
 * writes lines with a number of rows: `offered` before a put, `acknowledged` after it, and `paused`
 * after the command `pause`, after which it records nothing until the command `resume`. `close`
 * ends it.
 */
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { natsSink } from '../../../src/nats/index.js'
import { createRecorder } from '../../../src/recorder/index.js'
import { waitUntil } from '../processes/wait-until.js'
import { fleetRow } from './fleet-rows.js'

/** Longer than any test, so that only the loop below makes reports. */
const INTERVAL_MS = 2 ** 31 - 1
const REPORT_MS = 100
const RECORD_MS = 10
const ROWS_AT_ONCE = 20

const [servers = '', instance = '', replicas = '1'] = process.argv.slice(2)
const nats = await natsSink({
  servers: servers.split(','),
  instance,
  replicas: Number(replicas),
})
const sink = nats.sinkFor(0)
const recorder = createRecorder({ engine: 0, instance, sink, intervalMs: INTERVAL_MS })
let rows = 0
let isPaused = false
let isClosed = false

const recording = setInterval(() => {
  if (isPaused) return
  for (let left = ROWS_AT_ONCE; left > 0; left--) {
    const { operation, durationSeconds, numKeys, ...options } = fleetRow(rows++)
    recorder.record(operation, durationSeconds, numKeys, options)
  }
}, RECORD_MS)
const reported = reportAlways()
const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => void follow(line))
await once(lines, 'close')

async function reportAlways(): Promise<void> {
  while (!isClosed) {
    await waitUntil('a sink that is ready', () => sink.isReady?.() || isClosed, INTERVAL_MS)
    if (isClosed) return
    const { puts } = nats.health
    const offered = rows
    write('offered', offered)
    recorder.report()
    await waitUntil('an acknowledgement', () => isAcknowledged(puts), INTERVAL_MS)
    write('acknowledged', offered)
    await sleep(REPORT_MS)
  }
}

function isAcknowledged(putsBefore: number): boolean {
  const { puts, removed } = nats.health
  if (removed > 0) throw new Error('an incarnation that runs was removed as one that had ended')
  return puts > putsBefore
}

async function follow(line: string): Promise<void> {
  isPaused = line !== 'resume'
  if (line === 'pause') write('paused', rows)
  if (line !== 'close') return
  isClosed = true
  clearInterval(recording)
  await reported
  recorder.close()
  write(`closed ${await nats.close()}`, rows)
  process.exit()
}

function write(what: string, count: number): void {
  process.stdout.write(`${what} ${count}\n`)
}
