import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FaultChain } from '../../src/simulate/fault-chain.js'
import { Random } from '../../src/simulate/random.js'

const CALLS = 400_000

function run(rate: number, meanBurstCalls: number): { rate: number; burst: number } {
  const chain = new FaultChain(new Random(11, 0), rate, meanBurstCalls)
  let faults = 0
  let bursts = 0
  let previous = false
  for (let call = 0; call < CALLS; call++) {
    const faulty = chain.next()
    if (faulty) faults++
    if (faulty && !previous) bursts++
    previous = faulty
  }
  return { rate: faults / CALLS, burst: faults / bursts }
}

test('the fault rate and the mean burst length are those of the options', () => {
  for (const [rate, burst] of [
    [0.01, 5],
    [0.1, 20],
    [0.3, 1],
    [0.5, 3],
  ] as const) {
    const measured = run(rate, burst)
    assert.ok(Math.abs(measured.rate / rate - 1) < 0.1, `rate ${measured.rate}, not ${rate}`)
    assert.ok(Math.abs(measured.burst / burst - 1) < 0.05, `burst ${measured.burst}, not ${burst}`)
  }
})

test('a rate of 0 gives no faults, and a rate of 1 only faults', () => {
  assert.equal(run(0, 5).rate, 0)
  assert.equal(run(1, 5).rate, 1)
})

test('bursts are longer if the rate requires it', () => {
  const measured = run(0.9, 1)
  assert.ok(Math.abs(measured.rate - 0.9) < 0.005, `rate ${measured.rate}`)
  assert.ok(Math.abs(measured.burst - 9) < 0.3, `burst ${measured.burst}`)
})

test('the first call is faulty with the probability of any other', () => {
  const chains = 20_000
  let faults = 0
  for (let stream = 0; stream < chains; stream++) {
    if (new FaultChain(new Random(1, stream), 0.2, 50).next()) faults++
  }
  assert.ok(Math.abs(faults / chains - 0.2) < 0.015, `rate ${faults / chains}`)
})
