import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SharedBlockStore } from '../../src/simulate/block-store.js'
import { LatencyModel, type LatencyOptions } from '../../src/simulate/latency.js'
import {
  createTally,
  STORE_OPERATIONS,
  type StoreCall,
  type StoreRequest,
  type Tally,
} from '../../src/simulate/store-call.js'
import { replayRequest, replayRequestPaced, type Workload } from '../../src/simulate/workload.js'

const BYTES_PER_BLOCK = 1000

function workloadOf(latency: LatencyOptions = {}): Workload & { rows: StoreCall[] } {
  const rows: StoreCall[] = []
  return {
    store: SharedBlockStore.create(1024),
    latency: new LatencyModel(1, 0, latency),
    record: (call) => rows.push(call),
    tally: createTally(),
    blockTokens: 512,
    bytesPerBlock: BYTES_PER_BLOCK,
    rows,
  }
}

function request(inputLength: number, hashIds: number[]): StoreRequest {
  return { timestampMs: 0, inputLength, hashIds }
}

/** The rows as `operation(keys)`. */
function calls(rows: readonly StoreCall[]): string[] {
  return rows.map((row) => `${row.operation}(${row.numKeys})`)
}

/** The tally of the rows, calculated as sums. */
function tallyOf(rows: readonly StoreCall[]): Tally {
  const tally = createTally()
  for (const operation of STORE_OPERATIONS) {
    const own = rows.filter((row) => row.operation === operation)
    const sum = (of: (row: StoreCall) => number) => own.reduce((total, row) => total + of(row), 0)
    tally[operation] = {
      calls: own.length,
      keys: sum((row) => row.numKeys),
      bytes: sum((row) => row.numBytes),
      failedKeys: sum((row) => row.numFailedKeys),
      errors: own.filter((row) => row.status === 'error').length,
    }
  }
  return tally
}

/** Multi-turn requests: paths in a tree, so that equal ids have equal prefixes. */
const REQUESTS = fc.array(
  fc
    .tuple(
      fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 5 }),
      fc.integer({ min: 0, max: 511 }),
    )
    .map(([path, partialTokens]) => {
      const hashIds = path.map((_, depth) =>
        path.slice(0, depth + 1).reduce((id, step) => id * 3 + step + 1, 0),
      )
      if (partialTokens > 0) hashIds.push(1_000)
      return request(path.length * 512 + partialTokens, hashIds)
    }),
  { maxLength: 40 },
)

test('a small trace makes exactly the calls derived by hand', () => {
  const workload = workloadOf()
  const replay = (inputLength: number, hashIds: number[]) => {
    const before = workload.rows.length
    replayRequest(workload, request(inputLength, hashIds))
    return calls(workload.rows.slice(before))
  }
  // First turn: the last block is partial, so it is neither looked up nor put.
  assert.deepEqual(replay(1300, [0, 1, 2]), ['lookup_exists(2)', 'save_exists(2)', 'save_put(2)'])
  // Second turn, a multiple of 512 with two stored blocks: both are loaded.
  assert.deepEqual(replay(1536, [0, 1, 3]), [
    'lookup_exists(3)',
    'load_get(2)',
    'save_exists(3)',
    'save_put(1)',
  ])
  // A multiple of 512 with all blocks stored: the last block is recomputed.
  assert.deepEqual(replay(1536, [0, 1, 3]), ['lookup_exists(3)', 'load_get(2)', 'save_exists(3)'])
  // All full blocks are stored, and a partial one follows: all full ones are loaded.
  assert.deepEqual(replay(1537, [0, 1, 3, 4]), [
    'lookup_exists(3)',
    'load_get(3)',
    'save_exists(3)',
  ])
  // Less than a block: no calls.
  assert.deepEqual(replay(511, [5]), [])
  assert.deepEqual(replay(0, []), [])
  // One full block, which is stored and recomputed: nothing is loaded.
  assert.deepEqual(replay(512, [0]), ['lookup_exists(1)', 'save_exists(1)'])
  // A gap: only the blocks before it are loaded, and only the missing block is put.
  assert.deepEqual(replay(1600, [0, 6, 3, 7]), [
    'lookup_exists(3)',
    'load_get(1)',
    'save_exists(3)',
    'save_put(1)',
  ])
  const none = { failedKeys: 0, errors: 0 }
  assert.deepEqual(workload.tally, {
    lookup_exists: { calls: 6, keys: 15, bytes: 0, ...none },
    load_get: { calls: 4, keys: 8, bytes: 8000, ...none },
    save_exists: { calls: 6, keys: 15, bytes: 0, ...none },
    save_put: { calls: 3, keys: 4, bytes: 4000, ...none },
  })
  assert.deepEqual(tallyOf(workload.rows), workload.tally)
})

test('rows have the modelled durations', () => {
  const workload = workloadOf({
    floorSeconds: 0.5,
    bandwidthBytesPerSecond: 2000,
    transferSigma: 0,
    checkMedianSeconds: 0.25,
    checkSigma: 0,
  })
  replayRequest(workload, request(1100, [0, 1, 2]))
  replayRequest(workload, request(1100, [0, 1, 3]))
  const durations = workload.rows.map((row) => row.durationSeconds)
  assert.deepEqual(durations, [0.25, 0.25, 1.5, 0.25, 1.5, 0.25])
})

test('a failed lookup loads nothing, a failed check does not stop the put, a failed put is not repeated', () => {
  const workload = workloadOf({ errorRate: 1, wholeCallShare: 1 })
  replayRequest(workload, request(1100, [0, 1, 2]))
  replayRequest(workload, request(1100, [0, 1, 2]))
  assert.deepEqual(calls(workload.rows), [
    'lookup_exists(2)',
    'save_exists(2)',
    'save_put(2)',
    'lookup_exists(2)',
    'save_exists(2)',
  ])
  for (const row of workload.rows) {
    assert.equal(row.status, 'error')
    assert.equal(row.numFailedKeys, row.numKeys)
    assert.equal(row.numBytes, row.operation === 'save_put' ? 2 * BYTES_PER_BLOCK : 0)
  }
})

test('without faults the calls are those of a literal model of the rules', () => {
  fc.assert(
    fc.property(REQUESTS, (requests) => {
      const workload = workloadOf()
      const stored = new Set<number>()
      const expected: string[] = []
      for (const one of requests) {
        replayRequest(workload, one)
        const full = Array.from(one.hashIds).slice(0, Math.floor(one.inputLength / 512))
        if (full.length === 0) continue
        const missed = full.findIndex((id) => !stored.has(id))
        let hits = missed === -1 ? full.length : missed
        if (hits * 512 === one.inputLength) hits -= 1
        const missing = full.filter((id) => !stored.has(id))
        for (const id of missing) stored.add(id)
        expected.push(`lookup_exists(${full.length})`)
        if (hits > 0) expected.push(`load_get(${hits})`)
        expected.push(`save_exists(${full.length})`)
        if (missing.length > 0) expected.push(`save_put(${missing.length})`)
      }
      assert.deepEqual(calls(workload.rows), expected)
    }),
  )
})

test('the tally is that of the rows, and only that of load_get depends on faults', () => {
  const options = fc.record({
    errorRate: fc.double({ min: 0, max: 1, noNaN: true }),
    meanBurstCalls: fc.integer({ min: 1, max: 20 }),
    wholeCallShare: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  fc.assert(
    fc.property(REQUESTS, options, (requests, latency) => {
      const faulty = workloadOf(latency)
      const faultless = workloadOf()
      for (const one of requests) {
        replayRequest(faulty, one)
        replayRequest(faultless, one)
      }
      assert.deepEqual(faulty.tally, tallyOf(faulty.rows))
      for (const operation of ['lookup_exists', 'save_exists', 'save_put'] as const) {
        const { calls, keys, bytes } = faultless.tally[operation]
        const { failedKeys, errors } = faulty.tally[operation]
        assert.deepEqual(faulty.tally[operation], { calls, keys, bytes, failedKeys, errors })
      }
      const lost = faulty.rows.filter(
        (row) => row.operation === 'lookup_exists' && row.status === 'error',
      )
      const loads = faultless.tally.load_get.calls - faulty.tally.load_get.calls
      assert.ok(loads >= 0 && loads <= lost.length)
      for (const row of faulty.rows) {
        assert.ok(row.numFailedKeys <= row.numKeys)
        assert.equal(row.numFailedKeys > 0, row.status !== 'ok')
      }
    }),
  )
})

test('in real time a call is recorded after its duration, and not if it is dropped', async () => {
  const workload = workloadOf()
  const paused: number[] = []
  const replay = (pauses: number) =>
    replayRequestPaced(workload, request(1100, [0, 1, 2]), async (seconds) => {
      assert.equal(workload.rows.length, paused.length)
      if (paused.length === pauses) return false
      paused.push(seconds)
      return true
    })
  await replay(2)
  assert.deepEqual(calls(workload.rows), ['lookup_exists(2)', 'save_exists(2)'])
  assert.deepEqual(
    workload.rows.map((row) => row.durationSeconds),
    paused,
  )
  assert.equal(workload.tally.save_put.calls, 0)
})
