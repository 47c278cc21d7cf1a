import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DurationLog } from '../../src/stats/duration-log.js'

test('a log contains all durations, added singly or together, up to its limit', () => {
  const part = fc.array(fc.double({ min: 0, max: 9, noNaN: true }), { maxLength: 90 })
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), fc.nat({ max: 300 }), (parts, max) => {
      const log = new DurationLog(max)
      for (const [index, durations] of parts.entries()) {
        if (index % 2 === 0) log.addAll(Float64Array.from(durations))
        else for (const duration of durations) log.add(duration)
      }
      const all = parts.flat()
      const expected = all.length <= max ? Float64Array.from(all) : undefined
      assert.deepEqual(log.values(), expected)
      assert.equal(log.values() !== undefined, expected !== undefined)
    }),
    { seed: 21, numRuns: 500 },
  )
})

test('unknown durations make a log permanently incomplete', () => {
  const log = new DurationLog(10)
  log.add(1)
  log.addAll(undefined)
  log.add(2)
  log.addAll(Float64Array.of(3))
  assert.equal(log.values(), undefined)
  assert.ok(!(log.values() !== undefined))
})

test('a log added to itself contains each duration twice', () => {
  for (const length of [1, 40, 64, 65]) {
    const log = new DurationLog(1_000)
    const values = Array.from({ length }, (_, index) => index)
    for (const value of values) log.add(value)
    log.addAll(log.values())
    assert.deepEqual(log.values(), Float64Array.from([...values, ...values]))
  }
})
