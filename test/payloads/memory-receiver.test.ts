import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EngineAggregator } from '../../src/index.js'
import {
  type PayloadOutcome,
  payloadReceiver,
  type PayloadReceiverOptions,
} from '../../src/payloads/index.js'
import { pack } from '../../src/wire/msgpack.js'
import { assertSamples } from '../support/assertions/assert-samples.js'
import { failure } from '../support/assertions/failures.js'
import { shapesOf } from '../support/generators/case-payloads.js'
import { referenceCases } from '../support/generators/reference-cases.js'
import { waitUntil } from '../support/processes/wait-until.js'
import { reportBytes } from '../support/generators/reports.js'

const PAYLOAD = pack({ load_get: [{ duration_seconds: 0.5, num_keys: 3 }] })

function receiverOf(options?: PayloadReceiverOptions) {
  const aggregator = new EngineAggregator({ payloadBytesMax: 1_000 })
  return { aggregator, receiver: payloadReceiver(aggregator, options) }
}

function reasonOf(outcome: PayloadOutcome): string | undefined {
  return outcome.kind === 'rejected' ? outcome.error.reason : outcome.kind
}

for (const reference of referenceCases()) {
  test(`${reference.name}: payloads of each shape become the series of the reference`, async () => {
    for (const [shape, payloads] of Object.entries(shapesOf(reference))) {
      const aggregator = new EngineAggregator({ modelName: reference.model_name })
      const receiver = payloadReceiver(aggregator)
      for (const [index, bytes] of payloads.entries()) {
        const source = { engine: reference.frames[index].engine, key: `${index}` }
        assert.deepEqual(await receiver.receive(bytes, source), { kind: 'counted' }, shape)
        assert.deepEqual(await receiver.receive(bytes, source), { kind: 'repeated' }, shape)
      }
      await aggregator.close()
      assertSamples(await aggregator.registry.metrics(), reference)
    }
  })
}

test('a key belongs to one engine of one instance', async () => {
  const { aggregator, receiver } = receiverOf()
  const sources = [
    { engine: 0 },
    { engine: 1 },
    { engine: 0, instance: 'a' },
    { engine: 0, instance: 'b' },
  ]
  for (const kind of ['counted', 'repeated']) {
    for (const source of sources) {
      assert.deepEqual(await receiver.receive(PAYLOAD, { ...source, key: 'k' }), { kind })
    }
  }
  assert.equal(aggregator.snapshot().rows, 4)
  await aggregator.close()
})

test('a key that was used for another payload is refused, and its rows are not counted', async () => {
  const { aggregator, receiver } = receiverOf()
  const source = { engine: 0, key: 'k' }
  assert.equal((await receiver.receive(PAYLOAD, source)).kind, 'counted')
  const other = pack({ load_get: [{ duration_seconds: 0.25, num_keys: 3 }] })
  const outcome = await receiver.receive(other, source)
  assert.ok(outcome.kind === 'conflicting')
  assert.match(outcome.error.message, /expected another idempotency key than that of a payload/)
  assert.equal((await receiver.receive(PAYLOAD, source)).kind, 'repeated')
  assert.deepEqual([aggregator.snapshot().rows, aggregator.snapshot().rejections.duplicate], [1, 1])
  await aggregator.close()
})

test('each payload without a key, or with a forgotten key, is counted', async () => {
  const { aggregator, receiver } = receiverOf({ keysMax: 1 })
  for (const key of [undefined, undefined, 'a', 'b', 'a']) {
    assert.equal((await receiver.receive(PAYLOAD, { engine: 0, key })).kind, 'counted')
  }
  assert.equal(aggregator.snapshot().rows, 5)
  await aggregator.close()
})

test('a key is forgotten after its time', async () => {
  const { aggregator, receiver } = receiverOf({ keptKeysMs: 1 })
  await receiver.receive(PAYLOAD, { engine: 0, key: 'k' })
  const startMs = performance.now()
  await waitUntil('some time', () => performance.now() > startMs + 1)
  assert.deepEqual(await receiver.receive(PAYLOAD, { engine: 0, key: 'k' }), { kind: 'counted' })
  await aggregator.close()
})

test('an invalid payload is rejected with its reason, and its key may be used again', async () => {
  const { aggregator, receiver } = receiverOf()
  const source = { engine: 0, key: 'k' }
  const rejected = [
    [reportBytes(), source, 'shape'],
    [new Uint8Array(), source, 'truncated'],
    [new Uint8Array(1_001), source, 'oversized'],
    [pack({ load_get: [{ duration_seconds: -1, num_keys: 3 }] }), source, 'range'],
    [PAYLOAD, { ...source, engine: -1 }, 'engine'],
    [PAYLOAD, { ...source, instance: '' }, 'engine'],
    [PAYLOAD, { ...source, key: '' }, 'range'],
    [PAYLOAD, { ...source, key: 'é'.repeat(128) }, 'range'],
    ['text' as unknown as Uint8Array, source, 'type'],
  ] as const
  for (const [bytes, from, reason] of rejected) {
    assert.equal(reasonOf(await receiver.receive(bytes, from)), reason)
  }
  const { rejections, sources } = aggregator.snapshot()
  assert.equal(sources.length, 0)
  assert.deepEqual(
    Object.entries(rejections).filter(([, count]) => count > 0),
    [
      ['oversized', 1],
      ['truncated', 1],
      ['shape', 1],
      ['type', 1],
      ['range', 3],
      ['engine', 2],
    ],
  )
  assert.equal((await receiver.receive(PAYLOAD, source)).kind, 'counted')
  await aggregator.close()
})

test('a closed aggregator rejects payloads as busy, for another aggregator', async () => {
  const { aggregator, receiver } = receiverOf()
  await aggregator.close()
  assert.equal((await receiver.receive(PAYLOAD, { engine: 0 })).kind, 'busy')
  assert.equal(aggregator.snapshot().rows, 0)
})

test('options out of range or unknown are invalid', () => {
  const aggregator = new EngineAggregator()
  for (const options of [{ keysMax: 0 }, { keptKeysMs: 0.5 }, { keys: 1 }]) {
    assert.throws(() => payloadReceiver(aggregator, options), failure('INVALID_OPTION'))
  }
})
