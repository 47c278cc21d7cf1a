import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { SharedBlockStore } from '../../src/simulate/block-store.js'
import { runEngine } from '../../src/simulate/engine.js'
import { LatencyModel } from '../../src/simulate/latency.js'
import { createTally, STORE_OPERATIONS, type Tally } from '../../src/simulate/store-call.js'
import { readTrace } from '../../src/simulate/trace.js'

const PATH = resolve(process.env.MOONMETER_TRACE ?? '../shared/traces/conversation_trace.jsonl')
const SKIP = existsSync(PATH) ? false : `${PATH} is absent; set MOONMETER_TRACE to the trace`
/** Qwen3-8B. */
const BYTES_PER_BLOCK = 75_497_472

/** Replays the published trace on a number of engines, which alternate on this thread. */
async function replay(engines: number, errorRate = 0): Promise<Tally> {
  const trace = await readTrace(PATH)
  const store = SharedBlockStore.create(trace.blockCount)
  const tallies = Array.from({ length: engines }, (_, engine) =>
    runEngine({
      engine,
      engines,
      source: { kind: 'trace', trace },
      store,
      latency: new LatencyModel(1, engine, { errorRate }),
      record: () => {},
      bytesPerBlock: BYTES_PER_BLOCK,
      speed: 'max',
      stopRequested: () => false,
    }),
  )
  const total = createTally()
  for (const tally of await Promise.all(tallies)) {
    for (const operation of STORE_OPERATIONS) {
      for (const name of ['calls', 'keys', 'bytes', 'failedKeys', 'errors'] as const) {
        total[operation][name] += tally[operation][name]
      }
    }
  }
  return total
}

test('one engine on the published trace makes exactly the calls of the reference', {
  skip: SKIP,
}, async () => {
  const none = { failedKeys: 0, errors: 0 }
  assert.deepEqual(await replay(1), {
    lookup_exists: { calls: 12_031, keys: 276_491, bytes: 0, ...none },
    load_get: { calls: 12_030, keys: 105_592, bytes: 105_592 * BYTES_PER_BLOCK, ...none },
    save_exists: { calls: 12_031, keys: 276_491, bytes: 0, ...none },
    save_put: { calls: 9_626, keys: 170_899, bytes: 170_899 * BYTES_PER_BLOCK, ...none },
  })
})

test('eight engines look up, check and put the same keys as one, with and without faults', {
  skip: SKIP,
}, async () => {
  for (const errorRate of [0, 0.2]) {
    const tally = await replay(8, errorRate)
    for (const operation of ['lookup_exists', 'save_exists'] as const) {
      assert.equal(tally[operation].calls, 12_031)
      assert.equal(tally[operation].keys, 276_491)
    }
    assert.equal(tally.save_put.keys, 170_899)
    assert.equal(tally.save_put.bytes, 170_899 * BYTES_PER_BLOCK)
    assert.equal(tally.save_put.errors > 0, errorRate > 0)
  }
})
