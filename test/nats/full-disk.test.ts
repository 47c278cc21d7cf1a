import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRecorder } from '../../src/recorder/index.js'
import { startSink, startWatching } from '../support/processes/fleet.js'
import { NATS_SKIP, NatsServer } from '../support/processes/nats-server.js'
import { SmallDisk } from '../support/processes/small-disk.js'
import { waitUntil } from '../support/processes/wait-until.js'

const DISK_BYTES = 2 ** 22
const ROWS_WHILE_FULL = 1_000
const TIMEOUT_MS = 1_000

test('while the disk of the server is full, puts fail and engines record; all rows arrive later', {
  skip: NATS_SKIP,
}, async (context) => {
  const disk = SmallDisk.mount(context, DISK_BYTES)
  if (disk === undefined) return context.skip('a file system can be mounted only by root on Linux')
  const server = await NatsServer.start(context, { store: disk.directory })
  const nats = await startSink(context, {
    servers: server.url,
    instance: 'a',
    timeoutMs: TIMEOUT_MS,
  })
  const recorder = createRecorder({
    engine: 0,
    instance: 'a',
    sink: nats.sinkFor(0),
    intervalMs: 20,
  })
  let rows = 0
  const record = () => {
    recorder.record('load_get', 0.5, 1)
    rows++
  }
  record()
  await waitUntil('a put', () => nats.health.puts > 0)
  disk.fill()
  // Puts succeed until the current file of the server is full.
  await waitUntil('a put that fails', () => {
    record()
    return nats.health.putsFailed > 0
  })
  for (let row = 0; row < ROWS_WHILE_FULL; row++) record()
  disk.empty()
  // A server of version 2.9 hangs or closes connections until it is restarted.
  await server.kill()
  await server.restart()
  recorder.close()
  assert.equal(await nats.close({ timeoutMs: 20_000 }), true)
  assert.equal((await startWatching(context, { servers: server.url })).rows(), rows)
})
