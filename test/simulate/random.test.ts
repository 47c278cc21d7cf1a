import assert from 'node:assert/strict'
import { test } from 'node:test'
import { engineRandom, Random } from '../../src/simulate/random.js'

const SAMPLES = 200_000

function sample(draw: () => number): { mean: number; deviation: number } {
  let sum = 0
  let squares = 0
  for (let index = 0; index < SAMPLES; index++) {
    const value = draw()
    sum += value
    squares += value * value
  }
  const mean = sum / SAMPLES
  return { mean, deviation: Math.sqrt(squares / SAMPLES - mean * mean) }
}

test('the numbers are those of sfc32 as PractRand defines and seeds it', () => {
  // Computed from the published definition in exact integers; the first agrees with bryc's sfc32.
  const known: [number, number, number[]][] = [
    [0, 0, [4216505632, 947923937, 2491578854, 3964400089]],
    [42, 7, [622589944, 1935740476, 4156035759, 1758211151]],
    [Number.MAX_SAFE_INTEGER, 3, [2188165098, 3534187073, 547110636, 2186844866]],
    [-5, 1, [169668127, 2038380120, 450389323, 2162005356]],
  ]
  for (const [seed, stream, expected] of known) {
    const random = new Random(seed, stream)
    assert.deepEqual(
      expected.map(() => random.uint32()),
      expected,
    )
  }
})

test('uniform numbers are in [0, 1) and evenly distributed over 64 intervals', () => {
  const random = new Random(1, 0)
  const counts = new Uint32Array(64)
  for (let index = 0; index < SAMPLES; index++) {
    const value = random.uniform()
    assert.ok(value >= 0 && value < 1)
    const interval = Math.floor(value * 64)
    counts[interval] += 1
  }
  const expected = SAMPLES / 64
  const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  // The central 95 % of the chi-square distribution with 63 degrees of freedom.
  assert.ok(chiSquare > 42.9 && chiSquare < 86.8, `chi-square ${chiSquare}`)
})

test('normal, log-normal and exponential numbers have the right moments', () => {
  const random = new Random(2, 0)
  const normal = sample(() => random.normal())
  assert.ok(Math.abs(normal.mean) < 0.01, `mean ${normal.mean}`)
  assert.ok(Math.abs(normal.deviation - 1) < 0.01, `deviation ${normal.deviation}`)
  const logarithm = sample(() => Math.log(random.logNormal(3, 0.5)))
  assert.ok(Math.abs(logarithm.mean - Math.log(3)) < 0.005, `mean ${logarithm.mean}`)
  assert.ok(Math.abs(logarithm.deviation - 0.5) < 0.005, `deviation ${logarithm.deviation}`)
  const gap = sample(() => random.exponential(4))
  assert.ok(Math.abs(gap.mean - 4) < 0.05, `mean ${gap.mean}`)
  assert.ok(Math.abs(gap.deviation - 4) < 0.05, `deviation ${gap.deviation}`)
})

test('integers below a bound take exactly the values below it', () => {
  const random = new Random(3, 0)
  const seen = new Set<number>()
  for (let index = 0; index < 1_000; index++) seen.add(random.below(5))
  assert.deepEqual([...seen].sort(), [0, 1, 2, 3, 4])
})

test('each engine and purpose has its own stream of a seed', () => {
  const firsts = new Set<number>()
  for (let engine = 0; engine < 100; engine++) {
    for (const purpose of ['traffic', 'latency', 'faults'] as const) {
      firsts.add(engineRandom(9, engine, purpose).uint32())
    }
  }
  assert.equal(firsts.size, 300)
  assert.equal(engineRandom(9, 5, 'faults').uint32(), engineRandom(9, 5, 'faults').uint32())
})
