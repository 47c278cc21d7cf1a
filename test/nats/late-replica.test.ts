import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bucket, type EntryWatch } from '../../src/nats/bucket.js'
import { VERSION_KEY } from '../../src/nats/entry-key.js'
import { createRecorder } from '../../src/recorder/index.js'
import { startSink, startWatching } from '../support/processes/fleet.js'
import { NATS_SKIP, NatsServer } from '../support/processes/nats-server.js'
import { waitUntil } from '../support/processes/wait-until.js'

const TIMEOUT_MS = 1_000

/** A watch of a server that has only the first entry of a bucket, and marks it as the last. */
function watchOfVersion(watch: EntryWatch): EntryWatch {
  return {
    stop: () => watch.stop(),
    async *[Symbol.asyncIterator]() {
      for await (const entry of watch) {
        if (entry.key === VERSION_KEY) yield { ...entry, isLast: true }
      }
    },
  }
}

test('an aggregator whose server lags behind waits at its start until it has all entries', {
  skip: NATS_SKIP,
}, async (context) => {
  const { url: servers } = await NatsServer.start(context)
  const nats = await startSink(context, { servers, instance: 'a' })
  const recorder = createRecorder({ engine: 0, instance: 'a', sink: nats.sinkFor(0) })
  recorder.record('load_get', 0.5, 1)
  recorder.close()
  assert.equal(await nats.close(), true)
  const { watch } = Bucket.prototype
  let watches = 0
  context.mock.method(Bucket.prototype, 'watch', async function (this: Bucket) {
    const entries = await watch.call(this)
    return ++watches > 1 ? entries : watchOfVersion(entries)
  })
  const { rows } = await startWatching(context, { servers })
  assert.deepEqual([rows(), watches], [1, 2])
})

test('a watch that receives nothing more is restarted', { skip: NATS_SKIP }, async (context) => {
  const { url: servers } = await NatsServer.start(context)
  const { watch } = Bucket.prototype
  let watches = 0
  context.mock.method(Bucket.prototype, 'watch', async function (this: Bucket) {
    const entries = await watch.call(this)
    return ++watches > 1 ? entries : watchOfVersion(entries)
  })
  const { rows } = await startWatching(context, { servers, timeoutMs: TIMEOUT_MS })
  const nats = await startSink(context, { servers, instance: 'a' })
  const recorder = createRecorder({ engine: 0, instance: 'a', sink: nats.sinkFor(0) })
  recorder.record('load_get', 0.5, 1)
  recorder.close()
  await waitUntil('1 row', () => rows() === 1)
  assert.ok(watches > 1)
})
