import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import {
  EngineAggregator,
  EnginePool,
  KVConnectorLogging,
  MooncakeStoreConnectorStats,
  MooncakeStorePromMetrics,
  MoonmeterError,
} from '../../src/index.js'
import { connectRecorder, createRecorder, instrumentStore } from '../../src/recorder/index.js'
import { pack } from '../../src/wire/msgpack.js'
import { failure } from '../support/assertions/failures.js'
import { startRecording } from '../support/engines/recording.js'

const throwing = new Proxy(
  {},
  {
    get() {
      throw new Error('not yours')
    },
  },
)
/** Invalid values of every type; some throw when they are read. */
const FOREIGN: readonly unknown[] = [
  ...[null, undefined, 'text', true, 10n, Symbol('s'), () => {}, {}, [], new Map(), new Date(0)],
  ...[Object.create(null), throwing, Object.create(MooncakeStoreConnectorStats.prototype)],
  { toString: null, valueOf: null, constructor: { name: { toString: null } } },
]
const stats = new MooncakeStoreConnectorStats()
stats.recordOperation('op', 1, 1)

function messageOf(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    assert.ok(error instanceof MoonmeterError, String(error))
    return error.message
  }
  throw new Error('expected an error')
}

test('a value that is not stats is rejected with a MoonmeterError, and changes nothing', async () => {
  const registry = new Registry()
  const metrics = new MooncakeStorePromMetrics({ registry, modelName: 'm' })
  const before = await registry.metrics()
  const logging = new KVConnectorLogging({ log: () => assert.fail('nothing to log') })
  const target = new MooncakeStoreConnectorStats()
  for (const foreign of FOREIGN as MooncakeStoreConnectorStats[]) {
    for (const call of [
      () => metrics.observe(foreign),
      () => logging.observe(foreign),
      () => target.aggregate(foreign),
    ]) {
      assert.throws(call, failure('INVALID_OPTION'))
      assert.match(
        messageOf(call),
        /^(observe|aggregate): expected MooncakeStoreConnectorStats, got /,
      )
    }
  }
  logging.log()
  assert.ok(target.isEmpty())
  assert.equal(await registry.metrics(), before)
})

test('an invalid argument of any type causes only a MoonmeterError', async () => {
  const { recorder, aggregator, close } = startRecording()
  const own = new MooncakeStoreConnectorStats().aggregate(stats)
  const handle = recorder.operation('op')
  const registry = new Registry()
  const metrics = new MooncakeStorePromMetrics({ registry, modelName: 'm' })
  const client = { batchGet: () => [] }
  const calls: readonly ((foreign: never) => unknown)[] = [
    (foreign) => own.recordOperation(foreign, 1, 1),
    (foreign) => own.recordOperation('op', foreign, 1),
    (foreign) => own.recordOperation('op', 1, foreign),
    (foreign) => own.recordOperation('op', 1, 1, { numBytes: foreign }),
    (foreign) => own.recordOperation('op', 1, 1, { numFailedKeys: foreign }),
    (foreign) => own.recordOperation('op', 1, 1, { status: foreign }),
    (foreign) => own.quantile('op', foreign),
    (foreign) => handle.record(foreign, 1),
    (foreign) => handle.record(1, foreign),
    (foreign) => handle.record(1, 1, foreign),
    (foreign) => recorder.record(foreign, 1, 1),
    (foreign) => handle.record(1, 1, 1, foreign),
    (foreign) => recorder.record('op', foreign, 1),
    (foreign) => recorder.record('op', 1, 1, foreign),
    (foreign) => recorder.record('op', 1, 1, { status: foreign }),
    (foreign) => own.recordOperation('op', 1, 1, foreign),
    (foreign) => createRecorder(foreign),
    (foreign) => createRecorder({ engine: 0, sink: foreign }).close(),
    (foreign) => aggregator.disconnect(5, { series: foreign }),
    (foreign) => aggregator.snapshot().since(foreign),
    (foreign) => new EnginePool({ aggregator, filename: foreign, engines: 0 }),
    (foreign) => new EnginePool({ aggregator, filename: '/file', engines: [foreign, foreign] }),
    (foreign) => metrics.observe(stats, foreign),
    (foreign) => MooncakeStoreConnectorStats.fromPayload(foreign),
    (foreign) => MooncakeStoreConnectorStats.fromRows(foreign),
    (foreign) => MooncakeStoreConnectorStats.fromRows([foreign]),
    (foreign) => MooncakeStoreConnectorStats.fromRows({ op: foreign }),
    (foreign) => MooncakeStoreConnectorStats.fromRows({ op: [foreign] }),
    (foreign) => new MooncakeStoreConnectorStats({ operationsMax: foreign }),
    (foreign) => new MooncakeStoreConnectorStats({ bounds: foreign }),
    (foreign) => new KVConnectorLogging({ log: foreign }),
    (foreign) => new MooncakeStorePromMetrics({ registry: new Registry(), modelName: foreign }),
    (foreign) => aggregator.connect(foreign),
    (foreign) => aggregator.ingest(new Uint8Array(), { engine: foreign }),
    (foreign) => aggregator.ingest(new Uint8Array(), { instance: foreign }),
    (foreign) => instrumentStore(client, recorder, { existsOperation: foreign }),
    (foreign) => instrumentStore(client, recorder, { now: foreign }),
  ]
  for (const [index, call] of calls.entries()) {
    for (const foreign of FOREIGN) {
      // Some are valid for some arguments: a default, a function, a string, no rows.
      try {
        call(foreign as never)
      } catch (error) {
        // Errors of a caller's own getter are passed through.
        if ((error as Error).message === 'not yours') continue
        assert.ok(error instanceof MoonmeterError, `call ${index}: ${(error as Error).stack}`)
        assert.ok(error.message.length < 400 && !error.message.includes('\n'), error.message)
      }
    }
  }
  await close()
})

test('an object with the prototype of a snapshot is rejected', () => {
  const snapshot = new EngineAggregator().snapshot()
  const forged = Object.create(Object.getPrototypeOf(snapshot))
  assert.throws(() => snapshot.since(forged), failure('LAYOUT_MISMATCH'))
})

test('an invalid thread is rejected immediately', async () => {
  for (const threadId of FOREIGN as number[]) {
    if (threadId === undefined) continue
    await assert.rejects(connectRecorder({ threadId }), failure('INVALID_OPTION'))
  }
})

test('messages name the argument, and print values with a recognisable type', () => {
  const wrong = { operation: 'op', durationSeconds: 1, numKeys: '3', numBytes: 0, status: 'ok' }
  const { numKeys: _, ...missing } = wrong
  const row = { duration_seconds: 1, num_keys: 10n, num_bytes: -1 }
  const cases: readonly (readonly [() => unknown, RegExp])[] = [
    [() => stats.recordOperation('op', 1, 10n as never), /^numKeys: expected a number .* got 10n;/],
    [() => stats.recordOperation('op', '1' as never, 1), /^durationSeconds: .* got "1";/],
    [() => stats.recordOperation(5 as never, 1, 1), /^operation: expected a string, got 5;/],
    [() => MooncakeStoreConnectorStats.fromRows([wrong as never]), /^numKeys: .* got "3";/],
    [() => MooncakeStoreConnectorStats.fromRows([missing as never]), /^numKeys: .* undefined;/],
    [() => MooncakeStoreConnectorStats.fromRows([5] as never), /^fromRows: .* numKeys, got 5/],
    [() => MooncakeStoreConnectorStats.fromRows({ op: [row] }), /expected num_bytes .* got -1;/],
    [() => MooncakeStoreConnectorStats.fromPayload(pack({ op: [row] })), /num_bytes .* got -1;/],
    [() => new MooncakeStoreConnectorStats({ operationsMax: 10n as never }), /got 10n;/],
    [() => new MooncakeStoreConnectorStats({ operationsMax: '10' as never }), /got "10";/],
    [() => new EngineAggregator({ modelName: 10n as never }), /^modelName: .* got 10n$/],
    [() => stats.quantile('op', 1n as never), /^quantile: .* got 1n$/],
  ]
  for (const [call, pattern] of cases) assert.match(messageOf(call), pattern)
})

test('decoded rows are validated as strictly as a payload', () => {
  const row = { duration_seconds: 1, num_keys: 1 }
  const cases: readonly (readonly [unknown, Parameters<typeof failure>[1]])[] = [
    [null, 'shape'],
    [5, 'shape'],
    [{ op: row }, 'type'],
    [{ op: null }, 'type'],
    [{ op: [null] }, 'shape'],
    [{ op: [[1, 2]] }, 'shape'],
    [{ op: [{ ...row, num_bytes: null }] }, 'type'],
    [{ op: [{ ...row, num_failed_keys: -1 }] }, 'range'],
    [{ op: [{ num_keys: 1 }] }, 'type'],
  ]
  for (const [rows, reason] of cases) {
    const read = () => MooncakeStoreConnectorStats.fromRows(rows as never)
    assert.throws(read, failure('INVALID_PAYLOAD', reason))
  }
  const more = { ...row, num_bytes: undefined, tags: [{}], num_failed_keys: 1n } as never
  assert.equal(MooncakeStoreConnectorStats.fromRows({ op: [more] }).reduce().op_failed_keys, 1)
})

test('in JSON, stats and their operations are reduced numbers', () => {
  const { op_count, op_p90_ms } = JSON.parse(JSON.stringify(stats))
  assert.deepEqual([op_count, op_p90_ms], [stats.rows, 1_000])
  assert.deepEqual(JSON.parse(JSON.stringify({ nested: [stats] })).nested[0], stats.reduce())
  const operation = JSON.parse(JSON.stringify(stats.operation('op')))
  const prefixed = Object.entries(operation).map(([name, value]) => [`op_${name}`, value])
  assert.deepEqual(Object.fromEntries(prefixed), stats.reduce())
  assert.equal(JSON.stringify(new MooncakeStoreConnectorStats()), '{}')
  assert.equal(JSON.stringify(new MooncakeStoreConnectorStats().total()), '{}')
})
