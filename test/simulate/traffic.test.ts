import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { BLOCK_ID_MAX } from '../../src/simulate/block-store.js'
import {
  generateTraffic,
  type TrafficOptions,
  type TrafficRequest,
} from '../../src/simulate/traffic.js'

const DEFAULTS = { blockTokens: 512, requestsPerSecond: 3.4 }
/** At the defaults, one block of each of the four system prompts is shared. */
const SHARED_BLOCKS = 4

function take(
  count: number,
  seed: number,
  engine: number,
  engines: number,
  options: Partial<TrafficOptions> = {},
): TrafficRequest[] {
  const requests: TrafficRequest[] = []
  for (const request of generateTraffic(engine, engines, { ...DEFAULTS, seed, ...options })) {
    requests.push(request)
    if (requests.length === count) break
  }
  return requests
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function near(what: string, actual: number, expected: number, tolerance: number): void {
  const message = `${what}: ${actual}, expected ${expected}`
  assert.ok(Math.abs(actual / expected - 1) <= tolerance, message)
}

test('traffic depends only on the seed, the engine and the number of engines', () => {
  const requests = take(500, 1, 2, 4)
  assert.deepEqual(take(500, 1, 2, 4), requests)
  assert.notDeepEqual(take(500, 2, 2, 4), requests)
  assert.notDeepEqual(take(500, 1, 1, 4), requests)
  assert.notDeepEqual(take(500, 1, 2, 5), requests)
})

test('every request is valid in a trace, and requests are in the order of arrival', () => {
  let previousMs = 0
  for (const request of take(20_000, 3, 0, 2)) {
    assert.ok(request.timestampMs >= previousMs)
    previousMs = request.timestampMs
    assert.ok(Number.isInteger(request.inputLength))
    assert.ok(request.inputLength > 891 && request.inputLength <= 131_072)
    assert.ok(Number.isInteger(request.outputLength))
    assert.ok(request.outputLength >= 1 && request.outputLength <= 2_000)
    assert.equal(request.hashIds.length, Math.ceil(request.inputLength / 512))
    assert.equal(new Set(request.hashIds).size, request.hashIds.length)
  }
})

test('engines share only the blocks of system prompts', () => {
  const engines = 3
  const owner = new Map<number, number>()
  const shared = new Map<number, Set<number>>()
  for (let engine = 0; engine < engines; engine++) {
    for (const { hashIds } of take(5_000, 4, engine, engines)) {
      for (const [block, id] of hashIds.entries()) {
        if (id < SHARED_BLOCKS) {
          assert.equal(block, 0, 'a system prompt comes first')
          shared.set(id, (shared.get(id) ?? new Set()).add(engine))
        } else {
          assert.equal(owner.get(id) ?? engine, engine, `block ${id}`)
          owner.set(id, engine)
        }
      }
    }
  }
  assert.equal(shared.size, SHARED_BLOCKS)
  for (const users of shared.values()) assert.equal(users.size, engines)
})

test('equal ids have equal prefixes: the blocks before a full block never change', () => {
  const before = new Map<number, number | undefined>()
  let repeated = 0
  for (const { hashIds, inputLength } of take(20_000, 5, 0, 1)) {
    for (const [block, id] of hashIds.entries()) {
      if (before.has(id)) {
        repeated++
        assert.equal(before.get(id), hashIds[block - 1])
        assert.ok(block < Math.floor(inputLength / 512), 'a partial block is not repeated')
      }
      before.set(id, hashIds[block - 1])
    }
  }
  assert.ok(repeated > 10_000)
})

test('the prompt of each turn begins with the prompt before, and is longer by its response', () => {
  // One conversation at a time: the next one begins long after the last turn of this one.
  const requests = take(600, 6, 0, 1, { requestsPerSecond: 1e-6 })
  let furtherTurns = 0
  for (const [index, request] of requests.entries()) {
    const previous = requests[index - 1]
    if (previous?.hashIds[1] !== request.hashIds[1] || previous === undefined) continue
    furtherTurns++
    assert.ok(request.inputLength > previous.inputLength + previous.outputLength)
    const kept = Math.floor(previous.inputLength / 512)
    assert.deepEqual(request.hashIds.slice(0, kept), previous.hashIds.slice(0, kept))
  }
  assert.ok(furtherTurns > 100, `${furtherTurns} further turns`)
})

test('the statistics are close to those of the published trace', () => {
  const requests = take(100_000, 7, 0, 1)
  const lastMs = requests.at(-1)?.timestampMs ?? 0
  near('requests per second', (1000 * requests.length) / lastMs, 3.4, 0.03)
  const inputs = requests.map((request) => request.inputLength).sort((a, b) => a - b)
  const at = (quantile: number) => inputs[Math.floor(quantile * inputs.length)] as number
  near('mean prompt', mean(inputs), 12_035, 0.05)
  near('median prompt', at(0.5), 6_909, 0.2)
  near('p90 prompt', at(0.9), 27_367, 0.05)
  near('p99 prompt', at(0.99), 85_401, 0.15)
  near('mean response', mean(requests.map((request) => request.outputLength)), 343, 0.05)
  const stored = new Set<number>()
  let fullBlocks = 0
  let hits = 0
  for (const { hashIds, inputLength } of requests) {
    const full = hashIds.slice(0, Math.floor(inputLength / 512))
    fullBlocks += full.length
    const miss = full.findIndex((id) => !stored.has(id))
    hits += miss === -1 ? full.length : miss
    for (const id of full) stored.add(id)
  }
  near('hit rate', hits / fullBlocks, 0.382, 0.15)
})

test('the rate and the block size are those of the options', () => {
  const options = { ...DEFAULTS, seed: 8, requestsPerSecond: 50, blockTokens: 128 }
  let count = 0
  let lastMs = 0
  // The requests are not kept: their ids would be most of the heap.
  for (const { timestampMs, inputLength, hashIds } of generateTraffic(0, 1, options)) {
    assert.equal(hashIds.length, Math.ceil(inputLength / 128))
    lastMs = timestampMs
    if (++count === 100_000) break
  }
  near('rate', (1000 * count) / lastMs, 50, 0.05)
})

test('block ids are at most BLOCK_ID_MAX, and start over after that', () => {
  const engines = 65_536
  const ids = new Set<number>()
  let drawn = 0
  for (const { hashIds } of take(10_000, 9, engines - 1, engines)) {
    for (const id of hashIds) {
      assert.ok(Number.isInteger(id) && id >= 0 && id <= BLOCK_ID_MAX)
      if (id >= SHARED_BLOCKS) ids.add(id)
      drawn++
    }
  }
  const own = Math.floor((BLOCK_ID_MAX + 1 - SHARED_BLOCKS) / engines)
  assert.ok(drawn > 2 * own)
  assert.equal(ids.size, own)
})

test('memory does not grow with the number of requests', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  // At this rate the limit on waiting conversations applies.
  const traffic = generateTraffic(0, 1, { ...DEFAULTS, seed: 10, requestsPerSecond: 10_000 })
  const heapAfter = (requests: number) => {
    for (let taken = 0; taken < requests; taken++) traffic.next()
    collect()
    return process.memoryUsage().heapUsed
  }
  const before = heapAfter(150_000)
  const grown = heapAfter(450_000) - before
  assert.ok(grown < 4e6, `grew by ${grown} bytes`)
})
