import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SharedBlockStore } from '../../src/simulate/block-store.js'
import { EngineFault } from '../../src/simulate/engine-fault.js'
import type { Fault } from '../../src/simulate/fault.js'
import { FaultyLatency } from '../../src/simulate/faulty-latency.js'
import { FullStore } from '../../src/simulate/full-store.js'
import { LatencyModel } from '../../src/simulate/latency.js'
import { plannedCrash, tallyOfPlannedCrash } from '../../src/simulate/planned-crash.js'
import { SharedPhase } from '../../src/simulate/scenario-phase.js'
import { createTally, STORE_OPERATIONS, type StoreCall } from '../../src/simulate/store-call.js'

const SEED = 7
const CALLS = 20_000
const KEYS = 8
const LATENCY = { errorRate: 0.02 }

/** Calls of an engine with a fault in a phase, each with the same call without the fault. */
function callsWith(fault: Fault, phaseName: 'calm' | 'fault' | 'recovery') {
  const phase = new SharedPhase()
  phase.set(phaseName)
  const base = new LatencyModel(SEED, 0, LATENCY)
  const model = new FaultyLatency(new LatencyModel(SEED, 0, LATENCY), fault, phase, SEED, 0)
  return Array.from({ length: CALLS }, (_, index) => {
    const operation = STORE_OPERATIONS[index % STORE_OPERATIONS.length] as StoreCall['operation']
    const bytes = operation.endsWith('_exists') ? 0 : 1e6
    const without = base.sample(operation, KEYS, bytes)
    return { without, call: model.sample(operation, KEYS, bytes) }
  })
}

function shareOf(calls: readonly StoreCall[], matches: (call: StoreCall) => boolean): number {
  return calls.filter(matches).length / calls.length
}

test('before and after the fault, calls are equal to those of an engine without a scenario', () => {
  const fault = {
    slowdown: { load_get: 5 },
    failures: { save_put: { rate: 1, meanBurstCalls: 1, wholeCallShare: 1 } },
  }
  for (const phase of ['calm', 'recovery'] as const) {
    for (const { call, without } of callsWith(fault, phase)) assert.deepEqual(call, without)
  }
})

test('a slowdown multiplies the durations of its operations and changes nothing else', () => {
  for (const { call, without } of callsWith({ slowdown: { load_get: 5 } }, 'fault')) {
    const factor = call.operation === 'load_get' ? 5 : 1
    assert.deepEqual(call, { ...without, durationSeconds: without.durationSeconds * factor })
  }
})

test('failures have their rate and kind, for their operations', () => {
  const failures = { save_put: { rate: 0.9, meanBurstCalls: 20, wholeCallShare: 0.4 } }
  const calls = callsWith({ failures }, 'fault')
  for (const { call, without } of calls) {
    if (call.operation !== 'save_put') assert.deepEqual(call, without)
    assert.equal(call.durationSeconds, without.durationSeconds)
  }
  const puts = calls.map(({ call }) => call).filter((call) => call.operation === 'save_put')
  const near = (actual: number, expected: number) =>
    assert.ok(Math.abs(actual - expected) < 0.05, `${actual}, expected ${expected}`)
  near(
    shareOf(puts, ({ status }) => status !== 'ok'),
    0.9,
  )
  const failed = puts.filter(({ status }) => status !== 'ok')
  near(
    shareOf(failed, ({ status }) => status === 'error'),
    0.4,
  )
  for (const { status, numFailedKeys } of failed) {
    if (status === 'error') assert.equal(numFailedKeys, KEYS)
    else assert.ok(numFailedKeys >= 1 && numFailedKeys <= KEYS)
  }
})

test('engines fail at different calls', () => {
  const phase = new SharedPhase()
  phase.set('fault')
  const failures = { load_get: { rate: 0.5, meanBurstCalls: 2, wholeCallShare: 1 } }
  const statuses = [0, 1].map((engine) => {
    const model = new FaultyLatency(new LatencyModel(1, 0), { failures }, phase, SEED, engine)
    return Array.from({ length: 100 }, () => model.sample('load_get', 1, 0).status)
  })
  assert.notDeepEqual(statuses[0], statuses[1])
})

test('a full store keeps its blocks and accepts no new ones until the end of the fault', () => {
  const phase = new SharedPhase()
  const store = new FullStore(SharedBlockStore.create(16), phase)
  assert.equal(store.claim(1), true)
  phase.set('fault')
  assert.deepEqual([store.claim(1), store.has(1)], [false, true])
  assert.deepEqual([store.claim(2), store.claim(2), store.has(2)], [true, true, false])
  phase.set('recovery')
  assert.deepEqual([store.claim(2), store.claim(2), store.has(2)], [true, false, true])
})

test('an engine crashes once its time with the fault is over, and stays so', () => {
  const phase = new SharedPhase()
  let nowMs = 0
  const ends = new EngineFault({ crashAfterSeconds: 2 }, phase, () => nowMs)
  const stopsAt = (ms: number) => {
    nowMs = ms
    return ends.stopRequested(() => false)
  }
  assert.deepEqual([0, 50_000].map(stopsAt), [false, false])
  phase.set('fault')
  assert.deepEqual([60_000, 61_999].map(stopsAt), [false, false])
  // The time starts again with the next fault.
  phase.set('recovery')
  assert.equal(stopsAt(62_500), false)
  phase.set('fault')
  assert.deepEqual([63_000, 64_999].map(stopsAt), [false, false])
  assert.equal(ends.crashed, false)
  assert.deepEqual([65_000, 65_001].map(stopsAt), [true, true])
  assert.equal(ends.crashed, true)
})

test('an engine that is asked to stop has not crashed', () => {
  const phase = new SharedPhase()
  phase.set('fault')
  const ends = new EngineFault({ crashAfterSeconds: 0 }, phase, () => 0)
  assert.deepEqual([ends.stopRequested(() => true), ends.crashed], [true, false])
})

test('a hang blocks until the fault is over, or the engine is asked to stop', () => {
  for (const [after, isAsked] of [
    ['recovery', false],
    ['fault', true],
  ] as const) {
    const phase = new SharedPhase()
    const ends = new EngineFault({ hangs: true }, phase, () => 0)
    let asked = 0
    const ask = () => {
      asked++
      if (asked === 3) phase.set(after)
      return asked === 3 && isAsked
    }
    phase.set('fault')
    assert.equal(ends.stopRequested(ask), isAsked)
    assert.equal(asked, 3)
  }
})

test('the tally of a planned crash is found in a clone of its error, and in no other error', () => {
  const tally = createTally()
  tally.load_get.calls = 3
  assert.deepEqual(tallyOfPlannedCrash(structuredClone(plannedCrash(tally))), tally)
  for (const other of [
    new Error('a crash'),
    new Error('b', { cause: { kind: 'other', tally } }),
    null,
    'text',
    tally,
  ]) {
    assert.equal(tallyOfPlannedCrash(other), undefined)
  }
})
