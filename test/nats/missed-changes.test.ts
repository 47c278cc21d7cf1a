import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { aggregationOf } from '../../src/engine-aggregator.js'
import { EngineAggregator } from '../../src/index.js'
import { encodeKey } from '../../src/nats/entry-key.js'
import { Fleet } from '../../src/nats/fleet.js'
import { takeMissedChanges } from '../../src/nats/missed-changes.js'
import { MemoryBucket } from '../support/engines/memory-bucket.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'

const INSTANCE = 'a'

/**
 * A change of one of three engines: a report with more rows, or a deletion, and whether the watch
 * misses it.
 */
const changes = fc.array(
  fc.record({
    engine: fc.nat({ max: 2 }),
    kind: fc.constantFrom('report', 'report', 'report', 'delete', 'remove'),
    isDelivered: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
)

function readerOf() {
  const aggregator = new EngineAggregator({ intervalMs: 1e6 })
  const fleet = new Fleet(aggregationOf(aggregator), () => 0)
  const rows = () =>
    Object.fromEntries(
      aggregator.snapshot().sources.map(({ engine, health }) => [engine, health.rows]),
    )
  return { fleet, rows }
}

test('changes that a watch misses are found, and others are not applied twice', async () => {
  await fc.assert(
    fc.asyncProperty(changes, async (all) => {
      const bucket = new MemoryBucket()
      const client = bucket.client(async () => {})
      const { fleet, rows } = readerOf()
      let count = 0
      for (const { engine, kind, isDelivered } of all) {
        const key = encodeKey({ kind: 'incarnation', instance: INSTANCE, engine, incarnation: 1 })
        count++
        const series = [seriesWithRows(count)]
        const report = reportBytes({
          instance: INSTANCE,
          engine,
          incarnation: 1,
          sequence: count,
          series,
        })
        const revision = bucket.set(key, kind === 'report' ? report : undefined)
        const change = bucket.changes.at(-1)
        if (isDelivered && change !== undefined) fleet.take(change)
        // The marker of the deletion is removed, too.
        if (kind === 'remove') await client.removeMarker(key, revision)
      }
      await takeMissedChanges(client, fleet)
      const late = readerOf()
      for (const _ of late.fleet.takeAll(bucket.entries)) {
        // Runs all steps.
      }
      assert.deepEqual(rows(), late.rows())
      assert.equal(await takeMissedChanges(client, fleet), 0)
    }),
    { seed: 8, numRuns: 300 },
  )
})
