import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { aggregationOf } from '../../src/engine-aggregator.js'
import { EngineAggregator } from '../../src/index.js'
import { CONFLICT, type Entry, type EntryStore } from '../../src/nats/bucket.js'
import { encodeKey } from '../../src/nats/entry-key.js'
import { Fleet } from '../../src/nats/fleet.js'
import { RowsReceiver, type RowsReceiverSettings } from '../../src/nats/rows-receiver.js'
import { pack } from '../../src/wire/msgpack.js'
import { MemoryBucket } from '../support/engines/memory-bucket.js'

const SOURCE = { instance: 'host.example:1', engine: 4 }
const KEY = encodeKey({ kind: 'rows', ...SOURCE })
const NOW_MS = 10_000

function payloadOf(rows: number, operation = 'load_get'): Uint8Array {
  return pack({
    [operation]: new Array(rows).fill({ duration_seconds: 0.5, num_keys: 1, num_bytes: 2 }),
  })
}

function receiverOf(
  store: EntryStore,
  aggregator: EngineAggregator,
  settings: Partial<RowsReceiverSettings> = {},
): RowsReceiver {
  return new RowsReceiver(store, {
    aggregation: aggregationOf(aggregator),
    limits: { keysMax: 1_024, keptKeysMs: 600_000 },
    waitingMax: 100,
    waitingBytesMax: 1e6,
    timeoutMs: 60_000,
    sleep: async () => {},
    counts: {
      counted: 0,
      repeated: 0,
      busy: 0,
      puts: 0,
      conflicts: 0,
      putsFailed: 0,
      lastError: undefined,
    },
    ...settings,
  })
}

/** The state of an aggregator after these entries. */
function shownBy(entries: readonly Entry[]) {
  const aggregator = new EngineAggregator({ intervalMs: 1e6 })
  const fleet = new Fleet(aggregationOf(aggregator), () => NOW_MS)
  for (const _ of fleet.takeAll(entries));
  return { aggregator, fleet, rows: () => aggregator.snapshot().rows }
}

/** A bucket whose client never fails. */
function soundBucket() {
  const bucket = new MemoryBucket()
  return { bucket, store: bucket.client(async () => {}) }
}

interface Sending {
  readonly rows: number
  /** Number of aggregators that receive the payload concurrently. */
  readonly copies: number
}

test('payloads count once if any requests fail or get no answer', async () => {
  let repeated = 0
  let conflicts = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ rows: fc.nat({ max: 5 }), copies: fc.integer({ min: 1, max: 2 }) }), {
        minLength: 1,
        maxLength: 6,
      }),
      fc.scheduler(),
      fc.array(fc.boolean(), { maxLength: 60 }),
      async (sendings: readonly Sending[], scheduler, failures) => {
        const bucket = new MemoryBucket()
        const aggregator = new EngineAggregator({ intervalMs: 1e6 })
        let step = 0
        const fail = async () => {
          await scheduler.schedule(Promise.resolve())
          // A failure before a request has no effect; one after it loses the answer.
          if (failures[step++] === true) throw new Error('the connection was lost')
        }
        const receivers = [1, 2].map(() => {
          const store = bucket.client(fail)
          // Without a time-out, failures are returned to the sender, which sends again.
          const settings = { timeoutMs: failures.length % 2 === 0 ? 0 : 60_000 }
          return receiverOf(store, aggregator, settings)
        })
        const send = async ({ rows }: Sending, key: string, first: number) => {
          for (let attempt = first; ; attempt++) {
            const receiver = receivers[attempt % 2]
            const outcome = await receiver?.receive(payloadOf(rows), { ...SOURCE, key })
            if (outcome?.kind !== 'busy') return outcome?.kind
          }
        }
        const sent = sendings.flatMap((sending, index) =>
          Array.from({ length: sending.copies }, (_, copy) => send(sending, `${index}`, copy)),
        )
        const kinds = await scheduler.waitFor(Promise.all(sent))
        assert.ok(kinds.every((kind) => kind === 'counted' || kind === 'repeated'))
        const total = sendings.reduce((sum, { rows }) => sum + rows, 0)
        const follower = shownBy([])
        let before = 0
        for (const change of bucket.changes) {
          follower.fleet.take(change)
          const rows = follower.rows()
          assert.ok(rows >= before && rows <= total)
          before = rows
        }
        assert.equal(follower.rows(), total)
        assert.equal(shownBy(bucket.entriesAfter(Number.POSITIVE_INFINITY)).rows(), total)
        repeated += kinds.filter((kind) => kind === 'repeated').length
        conflicts += receivers.reduce((sum, { counts }) => sum + counts.conflicts, 0)
        await aggregator.close()
      },
    ),
    { seed: 7, numRuns: 120 },
  )
  // Check that repetitions and conflicts occurred.
  assert.ok(repeated > 20 && conflicts > 20, `${repeated} repeated, ${conflicts} conflicts`)
})

test('a put that reaches the server after a retry of the sender counts once', async () => {
  const { bucket, store } = soundBucket()
  const aggregator = new EngineAggregator()
  /** Runs a put that was sent on a lost connection. */
  let late: (() => Promise<unknown>) | undefined
  const losing: EntryStore = {
    ...store,
    put: async (...request) => {
      late = () => store.put(...request)
      throw new Error('the connection was lost')
    },
  }
  const source = { ...SOURCE, key: 'k' }
  const lost = receiverOf(losing, aggregator, { timeoutMs: 0 })
  assert.equal((await lost.receive(payloadOf(2), source)).kind, 'busy')
  const next = receiverOf(
    {
      ...store,
      // It arrives before the put of the second attempt, which then has a conflict.
      put: async (...request) => {
        await late?.()
        return store.put(...request)
      },
    },
    aggregator,
  )
  assert.equal((await next.receive(payloadOf(2), source)).kind, 'repeated')
  assert.equal(next.counts.conflicts, 1)
  assert.equal(await late?.(), CONFLICT)
  assert.equal(shownBy(bucket.changes).rows(), 2)
  await aggregator.close()
})

test('payloads that arrive during a put share the next one', async () => {
  const { bucket, store } = soundBucket()
  const aggregator = new EngineAggregator()
  const receiver = receiverOf(store, aggregator)
  const outcomes = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      receiver.receive(payloadOf(1), { ...SOURCE, key: `${index % 40}` }),
    ),
  )
  assert.equal(outcomes.filter(({ kind }) => kind === 'counted').length, 40)
  assert.equal(outcomes.filter(({ kind }) => kind === 'repeated').length, 10)
  assert.equal(bucket.changes.length, 2)
  assert.deepEqual([receiver.counts.puts, receiver.waiting], [2, 0])
  assert.equal(shownBy(bucket.changes).rows(), 40)
  await aggregator.close()
})

test('past the limits on waiting payloads, and without a server, payloads are busy', async () => {
  const { bucket, store } = soundBucket()
  const aggregator = new EngineAggregator()
  const size = payloadOf(1).length
  const few = receiverOf(store, aggregator, { waitingMax: 2 })
  const small = receiverOf(store, aggregator, { waitingBytesMax: 2 * size })
  for (const receiver of [few, small]) {
    const outcomes = await Promise.all(
      [1, 2, 3].map((engine) => receiver.receive(payloadOf(1), { ...SOURCE, engine })),
    )
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ['counted', 'counted', 'busy'],
    )
    // The waiting payloads were put, so further ones are accepted.
    assert.equal((await receiver.receive(payloadOf(1), SOURCE)).kind, 'counted')
  }
  const away = receiverOf({ ...store, isConnected: false }, aggregator)
  const { length } = bucket.changes
  const outcome = await away.receive(payloadOf(1), SOURCE)
  assert.deepEqual(outcome, {
    kind: 'busy',
    cause: 'there is no connection to the NATS server',
    retryAfterMs: 1_000,
  })
  assert.deepEqual([bucket.changes.length, away.counts.busy], [length, 1])
  await aggregator.close()
})

test('a closed receiver refuses payloads, and ends when the waiting ones are settled', async () => {
  const { bucket, store } = soundBucket()
  const aggregator = new EngineAggregator()
  const receiver = receiverOf(store, aggregator)
  const pending = receiver.receive(payloadOf(3), SOURCE)
  await receiver.close()
  assert.equal(bucket.changes.length, 1)
  assert.equal((await pending).kind, 'counted')
  assert.equal((await receiver.receive(payloadOf(1), SOURCE)).kind, 'busy')
  await aggregator.close()
})

test('a key that was used for another payload is refused, from whichever aggregator', async () => {
  const { bucket, store } = soundBucket()
  const aggregator = new EngineAggregator()
  const source = { ...SOURCE, key: 'k' }
  const first = receiverOf(store, aggregator)
  // Both are in one put.
  const outcomes = await Promise.all([1, 2].map((rows) => first.receive(payloadOf(rows), source)))
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    ['counted', 'conflicting'],
  )
  const second = receiverOf(store, aggregator)
  assert.equal((await second.receive(payloadOf(2), source)).kind, 'conflicting')
  assert.equal((await second.receive(payloadOf(1), source)).kind, 'repeated')
  assert.equal(aggregator.snapshot().rejections.duplicate, 2)
  assert.equal(shownBy(bucket.entries).rows(), 1)
  await aggregator.close()
})

test('keys expire by the clock of the server', async () => {
  const { bucket, store } = soundBucket()
  const aggregator = new EngineAggregator()
  const limits = { keysMax: 2, keptKeysMs: 100 }
  const receiver = receiverOf(store, aggregator, { limits })
  /** Changes the time at which the server stored the last entry. */
  const retime = (createdMs: number) => {
    const { value } = bucket.changes.at(-1) as Entry
    bucket.set(KEY, value, createdMs)
  }
  const send = async (key: string) =>
    (await receiver.receive(payloadOf(1), { ...SOURCE, key })).kind
  assert.equal(await send('a'), 'counted')
  retime(1_000)
  assert.equal(await send('b'), 'counted')
  retime(1_100)
  assert.deepEqual([await send('a'), await send('b')], ['repeated', 'repeated'])
  retime(1_101)
  // Expired by one millisecond, so it counts again.
  assert.deepEqual([await send('a'), await send('b')], ['counted', 'repeated'])
  assert.equal(await send('c'), 'counted')
  // Two keys are kept.
  assert.deepEqual([await send('a'), await send('b')], ['repeated', 'counted'])
  await aggregator.close()
})

test('an unreadable entry does not change, and payloads of the engine are busy', async () => {
  const { bucket, store } = soundBucket()
  const aggregator = new EngineAggregator()
  const receiver = receiverOf(store, aggregator)
  bucket.set(KEY, Buffer.from('no MessagePack'))
  const outcome = await receiver.receive(payloadOf(1), SOURCE)
  assert.equal(outcome.kind, 'busy')
  assert.match(
    receiver.counts.lastError ?? '',
    /^entry host=2Eexample=3A1\.4\.rows: expected the rows of an engine, got .*with removeSource$/,
  )
  // One attempt, since only a removal helps.
  assert.equal(receiver.counts.putsFailed, 1)
  assert.equal(bucket.changes.length, 1)
  assert.equal((await receiver.receive(payloadOf(2), { ...SOURCE, engine: 5 })).kind, 'counted')
  bucket.set(KEY, undefined)
  assert.equal((await receiver.receive(payloadOf(1), SOURCE)).kind, 'counted')
  assert.equal(shownBy(bucket.entriesAfter(99)).rows(), 3)
  await aggregator.close()
})

test('an entry gets no more names than a report may have, and no more bytes than a payload', async () => {
  const { bucket, store } = soundBucket()
  const aggregator = new EngineAggregator({ enginesMax: 1 })
  const receiver = receiverOf(store, aggregator)
  for (let index = 0; index < 70; index++) {
    const outcome = await receiver.receive(payloadOf(1, `operation ${index}`), SOURCE)
    assert.equal(outcome.kind, 'counted')
  }
  const { aggregator: reader } = shownBy(bucket.entriesAfter(99))
  const [source] = reader.snapshot().sources
  assert.equal(source?.series.length, 65)
  const other = source?.series.find(({ operation }) => operation === 'other')
  assert.deepEqual([other?.rows, reader.snapshot().rows], [6, 70])
  // A payload of 70 bytes, whose entry has some 300.
  const tiny = new EngineAggregator({ payloadBytesMax: 200 })
  const narrow = receiverOf(store, tiny)
  const { length } = bucket.changes
  assert.equal((await narrow.receive(payloadOf(1), { ...SOURCE, engine: 9 })).kind, 'busy')
  assert.match(narrow.counts.lastError ?? '', /9\.rows: expected up to 200 bytes, got \d+ bytes/)
  assert.equal(bucket.changes.length, length)
  await aggregator.close()
  await tiny.close()
})

test('payloads without an instance, and of engines past the limit, are rejected and counted', async () => {
  const { bucket, store } = soundBucket()
  const aggregator = new EngineAggregator({ enginesMax: 1 })
  aggregator.ingest(payloadOf(1), { engine: 4, instance: SOURCE.instance })
  const receiver = receiverOf(store, aggregator)
  for (const source of [{ engine: 4 }, { ...SOURCE, engine: 5 }, { ...SOURCE, instance: 'b' }]) {
    const outcome = await receiver.receive(payloadOf(1), source)
    assert.equal(outcome.kind === 'rejected' && outcome.error.reason, 'engine')
  }
  assert.equal((await receiver.receive(payloadOf(1), SOURCE)).kind, 'counted')
  assert.equal(aggregator.snapshot().rejections.engine, 3)
  assert.equal(bucket.changes.length, 1)
  await aggregator.close()
})
