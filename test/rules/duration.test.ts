import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatDuration, parseDuration } from '../../src/rules/duration.js'

test('durations are parsed as Prometheus does', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['0', 0],
    ['0s', 0],
    ['45s', 45],
    ['5m', 300],
    ['90m', 5_400],
    ['1h30m', 5_400],
    ['2d', 172_800],
    ['1d1h1m1s', 90_061],
  ]
  for (const [text, seconds] of cases) assert.equal(parseDuration(text), seconds, text)
})

test('invalid durations are rejected', () => {
  for (const text of ['', '5', '-5m', '5 m', '5min', '1.5h', '5s1m', '1m1m', 's', '5M', '5m\n']) {
    assert.equal(parseDuration(text), undefined, JSON.stringify(text))
  }
})

test('a duration is formatted with one unit, which is parsed to the same', () => {
  assert.deepEqual([0, 90, 300, 5_400, 7_200, 86_400].map(formatDuration), [
    ...['0s', '90s', '5m', '90m', '2h', '1d'],
  ])
  fc.assert(
    fc.property(fc.nat(), (seconds) => {
      const text = formatDuration(seconds)
      assert.match(text, /^\d+[dhms]$/)
      assert.equal(parseDuration(text), seconds)
    }),
  )
})
