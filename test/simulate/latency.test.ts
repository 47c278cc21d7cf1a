import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { MoonmeterError } from '../../src/errors.js'
import { LatencyModel, type LatencyOptions } from '../../src/simulate/latency.js'
import { STORE_OPERATIONS, type StoreCall } from '../../src/simulate/store-call.js'

const SAMPLES = 100_000
const NORMAL_P99 = 2.3263478740408408

function quantiles(draw: () => number): (quantile: number) => number {
  const sorted = Float64Array.from({ length: SAMPLES }, draw).sort()
  return (quantile) => sorted[Math.floor(quantile * SAMPLES)] as number
}

/** Samples a check or a transfer in turn. */
function sampleEither(model: LatencyModel, call: number): StoreCall {
  return call % 2 === 0 ? model.sample('lookup_exists', 7, 0) : model.sample('load_get', 7, 1e6)
}

function near(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual / expected - 1) <= tolerance, `${actual}, expected ${expected}`)
}

test('the default medians fit the published durations', () => {
  const model = new LatencyModel(1, 0, { transferSigma: 0 })
  for (const [bytes, seconds] of [
    [20e6, 0.54e-3],
    [74e6, 0.92e-3],
    [290e6, 2.51e-3],
    [1.13e9, 8.84e-3],
    [4.5e9, 31.65e-3],
  ] as const) {
    const { durationSeconds } = model.sample('load_get', 1, bytes)
    near(durationSeconds, seconds, 0.07)
    near(durationSeconds, 0.0004 + bytes / 144e9, 1e-12)
  }
})

test('by default existence checks have a median of 0.2 ms and a p99 of 2 ms', () => {
  const model = new LatencyModel(2, 0)
  const at = quantiles(() => model.sample('save_exists', 24, 0).durationSeconds)
  near(at(0.5), 0.0002, 0.015)
  near(at(0.99), 0.002, 0.04)
})

test('durations of gets and puts are log-normal', () => {
  const model = new LatencyModel(3, 0, {
    floorSeconds: 0.001,
    bandwidthBytesPerSecond: 1e9,
    transferSigma: 0.5,
  })
  const at = quantiles(() => model.sample('save_put', 8, 4e6).durationSeconds)
  near(at(0.5), 0.005, 0.015)
  near(at(0.99), 0.005 * Math.exp(0.5 * NORMAL_P99), 0.03)
  near(at(0.01), 0.005 * Math.exp(-0.5 * NORMAL_P99), 0.03)
})

test('with an error rate of 0, the default, no call fails', () => {
  const model = new LatencyModel(4, 0)
  for (let call = 0; call < 10_000; call++) {
    const { status, numFailedKeys } = sampleEither(model, call)
    assert.deepEqual([status, numFailedKeys], ['ok', 0])
  }
})

test('fault rate and burst length are those of the options, over checks and transfers', () => {
  const model = new LatencyModel(5, 0, { errorRate: 0.05, meanBurstCalls: 8 })
  let faults = 0
  let bursts = 0
  let previous = false
  for (let call = 0; call < SAMPLES; call++) {
    const faulty = sampleEither(model, call).status !== 'ok'
    if (faulty) faults++
    if (faulty && !previous) bursts++
    previous = faulty
  }
  near(faults / SAMPLES, 0.05, 0.1)
  near(faults / bursts, 8, 0.1)
})

test('a faulty check fails as a whole, a faulty transfer as a whole or for 1 to all keys', () => {
  const model = new LatencyModel(6, 0, { errorRate: 1, wholeCallShare: 0.25 })
  const failedKeys = new Set<number>()
  let whole = 0
  for (let call = 0; call < SAMPLES; call++) {
    const check = model.sample('lookup_exists', 4, 0)
    assert.deepEqual([check.status, check.numFailedKeys], ['error', 4])
    const { status, numFailedKeys } = model.sample('load_get', 4, 1e6)
    if (status === 'error') {
      whole++
      assert.equal(numFailedKeys, 4)
    } else {
      assert.equal(status, 'partial_failure')
      failedKeys.add(numFailedKeys)
    }
  }
  near(whole / SAMPLES, 0.25, 0.03)
  assert.deepEqual([...failedKeys].sort(), [1, 2, 3, 4])
})

test('durations depend on the seed and the engine, but not on the error rate', () => {
  const durations = (seed: number, engine: number, options: LatencyOptions = {}) => {
    const model = new LatencyModel(seed, engine, options)
    return Array.from({ length: 50 }, (_, call) => sampleEither(model, call).durationSeconds)
  }
  const first = durations(7, 0)
  assert.deepEqual(durations(7, 0), first)
  assert.deepEqual(durations(7, 0, { errorRate: 0.5 }), first)
  assert.notDeepEqual(durations(7, 1), first)
  assert.notDeepEqual(durations(8, 0), first)
})

test('unknown options and options out of range are refused', () => {
  for (const options of [{ errorRate: 1.1 }, { meanBurstCalls: 0 }, { sigma: 1 }]) {
    assert.throws(
      () => new LatencyModel(1, 0, options as LatencyOptions),
      (error) => error instanceof MoonmeterError && error.code === 'INVALID_OPTION',
    )
  }
})

test('the samples of a seed stay the same from version to version', () => {
  const model = new LatencyModel(7, 3, { errorRate: 0.1 })
  const hash = createHash('sha256')
  for (let call = 0; call < 10_000; call++) {
    const operation = STORE_OPERATIONS[call % STORE_OPERATIONS.length] as StoreCall['operation']
    const keys = 1 + (call % 20)
    // The last digits of durations depend on the mathematical functions of the V8 in use.
    const { durationSeconds, status, numFailedKeys } = model.sample(operation, keys, keys * 1e6)
    hash.update(`${durationSeconds.toPrecision(10)} ${status} ${numFailedKeys}\n`)
  }
  assert.equal(
    hash.digest('hex'),
    '68e9b1db5f291133e639accfca1ee3da94c6cc244389ad334650a814096c60fd',
  )
})
