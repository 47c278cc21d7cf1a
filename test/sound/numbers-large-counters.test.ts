import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EngineAggregator } from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'

/** Beside it, float64 hold every other integer: 3 more round to 4, and 2 and 1 more to 2. */
const LARGE = 2 ** 53

for (const counter of ['numBytes', 'numHitKeys'] as const) {
  test(`${counter} past 2^53 never decreases, in any order in which incarnations end`, async (context) => {
    const aggregator = new EngineAggregator({ extraMetrics: ['hit_keys'] })
    context.after(() => aggregator.close())
    const begin = (value: number) => {
      const recorder = createRecorder(aggregator.connect(0))
      recorder.record('save_put', 1, 1, { [counter]: value })
      return recorder
    }
    const sum = () => aggregator.snapshot().sources[0]?.series[0]?.[counter] ?? 0
    begin(LARGE)
    aggregator.disconnect(0)
    // The sum is that of the ended incarnation, of this one and of its successor, in this order.
    const links = [aggregator.connect(0), aggregator.connect(0)]
    const [older, newer] = links.map((link) => createRecorder(link))
    older?.record('save_put', 1, 1, { [counter]: 2 })
    newer?.record('save_put', 1, 1, { [counter]: 1 })
    const before = sum()
    assert.ok(before >= LARGE + 2)
    newer?.close()
    while (aggregator.snapshot().sources[0]?.health.reports === 0) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
    assert.ok(sum() >= before, `${sum() - LARGE} after ${before - LARGE}`)
    older?.close()
  })
}
