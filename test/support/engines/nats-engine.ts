/**
 * An engine in a separate process that reports to a bucket. Each line of standard input is a number
 * of rows to record; the engine prints `acknowledged ROWS` when the server has acknowledged them.
 * `silent ROWS` records rows without a report, and `close` ends it.
 */
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { natsSink } from '../../../src/nats/index.js'
import { createRecorder } from '../../../src/recorder/index.js'
import { waitUntil } from '../processes/wait-until.js'

/** Longer than any test, so that reports are sent only on request. */
const INTERVAL_MS = 600_000

const [servers = '', instance = '', engine = '0'] = process.argv.slice(2)
const nats = await natsSink({ servers, instance })
const sink = nats.sinkFor(Number(engine))
const recorder = createRecorder({ engine: Number(engine), instance, sink, intervalMs: INTERVAL_MS })
let rows = 0
const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => void follow(line))
process.stdout.write('ready\n')
await once(lines, 'close')

async function follow(line: string): Promise<void> {
  if (line === 'close') {
    recorder.close()
    process.stdout.write(`closed ${await nats.close()}\n`)
    process.exit()
  }
  const [, silent, count] = /^(silent )?(\d+)$/.exec(line) ?? []
  for (let left = Number(count); left > 0; left--) recorder.record('load_get', 0.5, 1)
  rows += Number(count)
  if (silent !== undefined) return
  const { puts } = nats.health
  recorder.report()
  await waitUntil('acknowledged', () => nats.health.puts > puts)
  process.stdout.write(`acknowledged ${rows}\n`)
}
