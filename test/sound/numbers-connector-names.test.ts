import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  EngineAggregator,
  MooncakeStoreConnectorStats,
  type MoonmeterError,
} from '../../src/index.js'
import { pack } from '../../src/wire/msgpack.js'
import { failure } from '../support/assertions/failures.js'

const ROW = { duration_seconds: 1, num_keys: 2 }
const OTHER = { data: { transfers: [1, 2] } }
const NOTHING: Readonly<Record<string, unknown>> = {
  'an empty map': {},
  nil: null,
  'a nil entry': { MooncakeStoreConnector: null },
  'nil data': { MooncakeStoreConnector: { data: null } },
  'nil data with keys beside it': { MooncakeStoreConnector: { data: null, types: { a: [1] } } },
  'a nil entry beside another connector': { NixlConnector: OTHER, MooncakeStoreConnector: null },
  'another connector alone': { NixlConnector: OTHER },
  'several others, of which one has nothing': { NixlConnector: OTHER, LMCacheConnectorV1: null },
}

async function ingested(payload: unknown) {
  const aggregator = new EngineAggregator()
  const result = aggregator.ingest(pack(payload), { engine: 3 })
  const [source] = aggregator.snapshot().sources
  await aggregator.close()
  return { result, source }
}

for (const [what, payload] of Object.entries(NOTHING)) {
  test(`${what} is a payload without rows: it is accepted and no row is counted`, async () => {
    const { result, source } = await ingested(payload)
    assert.deepEqual(result, { accepted: true })
    // It is a report of the engine, as an empty payload is.
    assert.deepEqual([source.health.reports, source.health.rows], [1, 0])
    assert.deepEqual(source.series, [])
    const stats = MooncakeStoreConnectorStats.fromPayload(pack(payload))
    assert.ok(stats.isEmpty())
    assert.deepEqual(stats.reduce(), {})
  })
}

test('nothing to report still needs the index of an engine', async () => {
  const aggregator = new EngineAggregator()
  for (const payload of [{}, null, { MooncakeStoreConnector: null }]) {
    const result = aggregator.ingest(pack(payload))
    assert.ok(!result.accepted && result.error.reason === 'engine')
  }
  await aggregator.close()
})

test('this connector under another name is rejected with the expected key', () => {
  for (const name of ['MyMooncakeStoreConnector', 'MooncakeStoreConnectorV1']) {
    for (const entry of [{ data: { save_put: [ROW] } }, { save_put: [ROW] }, null, 5]) {
      const read = () => MooncakeStoreConnectorStats.fromPayload(pack({ [name]: entry }))
      assert.throws(read, failure('INVALID_PAYLOAD', 'shape'))
      assert.throws(read, (error: MoonmeterError) => {
        return error.message.includes('key MooncakeStoreConnector,') && error.message.includes(name)
      })
    }
  }
})

test('an entry with another name is ignored if this connector has its own entry', () => {
  const payload = {
    MyMooncakeStoreConnector: { data: { save_put: [ROW, ROW] } },
    MooncakeStoreConnector: { data: { save_put: [ROW] } },
  }
  assert.equal(MooncakeStoreConnectorStats.fromPayload(pack(payload)).rows, 1)
})

test('a bare operation may have the name of a connector, as rows tell it from an entry', () => {
  for (const operation of ['MooncakeStoreConnector', 'NixlConnector', 'MyMooncakeStoreConnector']) {
    const stats = MooncakeStoreConnectorStats.fromPayload(pack({ [operation]: [ROW] }))
    assert.deepEqual(stats.operations(), [operation])
    assert.equal(stats.rows, 1)
  }
})

test('an entry that is neither rows nor another connector’s is refused', () => {
  const cases = [{ mooncake: { data: {} } }, { load_get: null }, { MooncakeStoreConnector: 3 }]
  for (const payload of cases) {
    const read = () => MooncakeStoreConnectorStats.fromPayload(pack(payload))
    assert.throws(read, failure('INVALID_PAYLOAD', 'type'), JSON.stringify(payload))
  }
})
