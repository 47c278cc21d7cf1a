import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MoonmeterError } from '../../src/errors.js'
import { LatencyModel, type LatencyOptions } from '../../src/simulate/latency.js'

const SAMPLES = 100_000
const NORMAL_P99 = 2.3263478740408408

function quantiles(draw: () => number): (quantile: number) => number {
  const sorted = Float64Array.from({ length: SAMPLES }, draw).sort()
  return (quantile) => sorted[Math.floor(quantile * SAMPLES)] as number
}

function near(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual / expected - 1) <= tolerance, `${actual}, expected ${expected}`)
}

test('the default takes the published times for the published sizes at the median', () => {
  const model = new LatencyModel(1, 0, { transferSigma: 0 })
  for (const [bytes, seconds] of [
    [20e6, 0.54e-3],
    [74e6, 0.92e-3],
    [290e6, 2.51e-3],
    [1.13e9, 8.84e-3],
    [4.5e9, 31.65e-3],
  ] as const) {
    model.sampleTransfer(1, bytes)
    near(model.durationSeconds, seconds, 0.07)
    near(model.durationSeconds, 0.0004 + bytes / 144e9, 1e-12)
  }
})

test('existence checks take 0.2 ms at the median and 2 ms at p99 by default', () => {
  const model = new LatencyModel(2, 0)
  const at = quantiles(() => {
    model.sampleCheck(24)
    return model.durationSeconds
  })
  near(at(0.5), 0.0002, 0.015)
  near(at(0.99), 0.002, 0.04)
})

test('gets and puts spread log-normally about their median by the sigma given', () => {
  const model = new LatencyModel(3, 0, {
    floorSeconds: 0.001,
    bandwidthBytesPerSecond: 1e9,
    transferSigma: 0.5,
  })
  const at = quantiles(() => {
    model.sampleTransfer(8, 4e6)
    return model.durationSeconds
  })
  near(at(0.5), 0.005, 0.015)
  near(at(0.99), 0.005 * Math.exp(0.5 * NORMAL_P99), 0.03)
  near(at(0.01), 0.005 * Math.exp(-0.5 * NORMAL_P99), 0.03)
})

test('an error rate of 0, the default, fails nothing', () => {
  const model = new LatencyModel(4, 0)
  for (let call = 0; call < 10_000; call++) {
    if (call % 2 === 0) model.sampleCheck(7)
    else model.sampleTransfer(7, 1e6)
    assert.equal(model.status, 'ok')
    assert.equal(model.numFailedKeys, 0)
  }
})

test('faulty calls come at the rate and in the runs asked for, across checks and transfers', () => {
  const model = new LatencyModel(5, 0, { errorRate: 0.05, meanBurstCalls: 8 })
  let faults = 0
  let bursts = 0
  let previous = false
  for (let call = 0; call < SAMPLES; call++) {
    if (call % 2 === 0) model.sampleCheck(3)
    else model.sampleTransfer(3, 1e6)
    const faulty = model.status !== 'ok'
    if (faulty) faults++
    if (faulty && !previous) bursts++
    previous = faulty
  }
  near(faults / SAMPLES, 0.05, 0.1)
  near(faults / bursts, 8, 0.1)
})

test('a faulty check fails as a whole, a faulty transfer so or at 1 to all keys', () => {
  const model = new LatencyModel(6, 0, { errorRate: 1, wholeCallShare: 0.25 })
  const failedKeys = new Set<number>()
  let whole = 0
  for (let call = 0; call < SAMPLES; call++) {
    model.sampleCheck(4)
    assert.equal(model.status, 'error')
    assert.equal(model.numFailedKeys, 4)
    model.sampleTransfer(4, 1e6)
    if (model.status === 'error') {
      whole++
      assert.equal(model.numFailedKeys, 4)
    } else {
      assert.equal(model.status, 'partial_failure')
      failedKeys.add(model.numFailedKeys)
    }
  }
  near(whole / SAMPLES, 0.25, 0.03)
  assert.deepEqual([...failedKeys].sort(), [1, 2, 3, 4])
})

test('samples depend on seed and engine alone, and durations not on the error rate', () => {
  const durations = (seed: number, engine: number, options: LatencyOptions = {}) => {
    const model = new LatencyModel(seed, engine, options)
    return Array.from({ length: 50 }, (_, call) => {
      if (call % 2 === 0) model.sampleCheck(1)
      else model.sampleTransfer(1, 1e6)
      return model.durationSeconds
    })
  }
  const first = durations(7, 0)
  assert.deepEqual(durations(7, 0), first)
  assert.deepEqual(durations(7, 0, { errorRate: 0.5 }), first)
  assert.notDeepEqual(durations(7, 1), first)
  assert.notDeepEqual(durations(8, 0), first)
})

test('an unknown option and one out of range are invalid options', () => {
  for (const options of [{ errorRate: 1.1 }, { meanBurstCalls: 0 }, { sigma: 1 }]) {
    assert.throws(
      () => new LatencyModel(1, 0, options as LatencyOptions),
      (error) => error instanceof MoonmeterError && error.code === 'INVALID_OPTION',
    )
  }
})
