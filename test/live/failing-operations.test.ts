import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  FAILING_KEYS_MIN,
  FAILING_RATIO,
  FailingOperations,
} from '../../src/live/failing-operations.js'
import type { LiveFilter } from '../../src/live/live-filter.js'
import { SLOT_MS } from '../../src/live/live-history.js'
import type { LiveInterval } from '../../src/live/live-interval.js'
import { intervalOf } from '../support/generators/live-intervals.js'

const START_MS = 1_700_000_000_000
const KEYS = 1_000
const FILTER: LiveFilter = { window: '5m' }

/** An interval a slot, in which this share of the keys of `save_put` fails, or without any. */
function slotsOf(shares: readonly (number | undefined)[], numKeys = KEYS): LiveInterval[] {
  return shares.map((share, slot) => {
    const fromMs = START_MS + slot * SLOT_MS
    const get = { operation: 'load_get', seconds: 0.01, numKeys: KEYS }
    const put = { operation: 'save_put', seconds: 0.01, numKeys }
    const puts =
      share === undefined
        ? []
        : [
            { ...put, source: '0', numFailedKeys: 0, status: 'ok' },
            { ...put, source: '1', numFailedKeys: 2 * share * numKeys, status: 'error' },
          ]
    return intervalOf(fromMs, fromMs + SLOT_MS, [get, ...puts])
  })
}

function failuresIn(intervals: readonly LiveInterval[], filter = FILTER) {
  return Array.from(new FailingOperations(filter).of(intervals), ([name, failure]) => [
    name,
    Number(failure.failedKeyRatio.toFixed(6)),
    (failure.sinceMs - START_MS) / SLOT_MS,
  ])
}

test('an operation is failing above the ratio and the number of keys of the alert rule', () => {
  assert.deepEqual([FAILING_RATIO, FAILING_KEYS_MIN], [0.05, 100])
  assert.deepEqual(failuresIn(slotsOf([0.05, 0.05])), [])
  assert.deepEqual(failuresIn(slotsOf([0.01, 0.051])), [['save_put', 0.051, 1]])
  assert.deepEqual(failuresIn(slotsOf([0, 0.5], 49)), [], '98 keys')
  assert.deepEqual(failuresIn(slotsOf([0, 0.5], 50)), [['save_put', 0.5, 1]])
})

test('the time is that of the first slot, and a fine slot between does not change it', () => {
  assert.deepEqual(failuresIn(slotsOf([0, 0.3, 0.3, 0, undefined, 0.3])), [['save_put', 0.225, 1]])
  assert.deepEqual(failuresIn(slotsOf([0.3, 0, 0, 0.2])), [['save_put', 0.2, 3]])
})

test('a failure ends with two fine slots, and after a minute without keys', () => {
  assert.equal(failuresIn(slotsOf([0.3, 0.3, 0])).length, 1)
  assert.equal(failuresIn(slotsOf([0.3, 0.3, 0, 0])).length, 0)
  assert.equal(failuresIn(slotsOf([0.3, ...new Array(11).fill(undefined)])).length, 1)
  assert.equal(failuresIn(slotsOf([0.3, ...new Array(12).fill(undefined)])).length, 0)
})

test('it is that of the chosen engine, over all statuses', () => {
  const slots = slotsOf([0.1])
  assert.deepEqual(failuresIn(slots, { ...FILTER, status: 'ok' }), [['save_put', 0.1, 0]])
  assert.deepEqual(failuresIn(slots, { ...FILTER, source: '1' }), [['save_put', 0.2, 0]])
  assert.deepEqual(failuresIn(slots, { ...FILTER, source: '0' }), [])
})
