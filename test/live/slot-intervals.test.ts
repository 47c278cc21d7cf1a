import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { EngineAggregator } from '../../src/index.js'
import { intervalBetween } from '../../src/live/interval-between.js'
import { SLOT_MS } from '../../src/live/live-history.js'
import type { LiveInterval } from '../../src/live/live-interval.js'
import { SlotIntervals } from '../../src/live/slot-intervals.js'
import { DEFAULT_LAYOUT } from '../../src/stats/bin-layout.js'
import { pack } from '../../src/wire/msgpack.js'
import { countsIn } from '../support/generators/live-intervals.js'
import { runSteps } from '../support/generators/run-steps.js'

const ROW = pack({ load_get: [{ duration_seconds: 0.5, num_keys: 3 }] })

/** The intervals of one slot, a second each, and their merged interval. */
async function runSlot(between: (aggregator: EngineAggregator, second: number) => void) {
  let nowMs = 100 * SLOT_MS
  const aggregator = new EngineAggregator({ now: () => nowMs, monotonicNow: () => nowMs })
  const slots = new SlotIntervals(DEFAULT_LAYOUT)
  const parts: LiveInterval[] = []
  let earlier = aggregator.snapshot()
  // The first interval of the next slot ends this slot.
  for (let second = 0; second < 6; second++) {
    between(aggregator, second)
    nowMs += 1_000
    const later = aggregator.snapshot()
    const interval = runSteps(intervalBetween(earlier, later))
    slots.begin(interval, earlier)
    if (second < 5) parts.push(interval)
    earlier = later
  }
  await turn()
  await turn()
  await aggregator.close()
  return { slots, parts }
}

test('a slot has the sums of its intervals', async () => {
  const { slots, parts } = await runSlot((aggregator, second) => {
    for (let engine = 0; engine <= second; engine++) aggregator.ingest(ROW, { engine })
  })
  const merged = slots.merge(parts)
  assert.deepEqual(countsIn([merged]), countsIn(parts))
  assert.deepEqual([merged.fromMs, merged.toMs], [parts[0]?.fromMs, parts.at(-1)?.toMs])
  assert.equal(countsIn([merged]).size, 5)
})

test('a slot has the rows of engines that were dropped in it, or dropped and added again', async () => {
  const { slots, parts } = await runSlot((aggregator, second) => {
    aggregator.ingest(ROW, { engine: 0 })
    aggregator.ingest(ROW, { engine: 1 })
    if (second === 3) aggregator.disconnect(0, { series: 'drop' })
    if (second === 1) aggregator.disconnect(1, { series: 'drop' })
    if (second === 2) aggregator.ingest(ROW, { engine: 7 })
    if (second === 3) aggregator.disconnect(7, { series: 'drop' })
  })
  const merged = slots.merge(parts)
  assert.ok(countsIn([merged]).has(JSON.stringify(['7', 'load_get', 'ok'])))
  assert.deepEqual(countsIn([merged]), countsIn(parts))
})

test('intervals with a missing one are not replaced by the whole slot', async () => {
  const { slots, parts } = await runSlot((aggregator) => void aggregator.ingest(ROW, { engine: 0 }))
  const some = parts.slice(1)
  assert.deepEqual(countsIn([slots.merge(some)]), countsIn(some))
})

test('a slot of which a second without rows is missing has the times of the others', async () => {
  for (const range of [[1], [0, -1]]) {
    const { slots, parts } = await runSlot((aggregator, second) => {
      if (second === 2) aggregator.ingest(ROW, { engine: 0 })
    })
    const some = parts.slice(...range)
    const { fromMs, toMs } = slots.merge(some)
    assert.deepEqual([fromMs, toMs], [some[0]?.fromMs, some.at(-1)?.toMs])
  }
})

test('after clear, a slot is merged from its intervals', async () => {
  const { slots, parts } = await runSlot((aggregator) => void aggregator.ingest(ROW, { engine: 0 }))
  slots.clear()
  assert.deepEqual(countsIn([slots.merge(parts)]), countsIn(parts))
})
