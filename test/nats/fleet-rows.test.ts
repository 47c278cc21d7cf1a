import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { aggregationOf } from '../../src/engine-aggregator.js'
import { type AggregatorOptions, EngineAggregator } from '../../src/index.js'
import type { Entry } from '../../src/nats/bucket.js'
import { encodeKey } from '../../src/nats/entry-key.js'
import { BucketFolder } from '../../src/nats/bucket-folder.js'
import { Fleet } from '../../src/nats/fleet.js'
import { encodeFolded, FoldedIncarnations } from '../../src/nats/folded-entry.js'
import { encodeRows } from '../../src/nats/rows-entry.js'
import type { Report } from '../../src/wire/report.js'
import { DEFAULT_LAYOUT } from '../../src/stats/bin-layout.js'
import { MemoryBucket } from '../support/engines/memory-bucket.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'

const NOW_MS = Date.UTC(2030, 0, 1)
const MINUTE_MS = 60_000
const SOURCE = { instance: 'a', engine: 0 }
let revision = 0

function fleetOf(options: AggregatorOptions = {}) {
  const aggregator = new EngineAggregator({ now: () => NOW_MS, ...options })
  const fleet = new Fleet(aggregationOf(aggregator), () => NOW_MS)
  const rows = () => aggregator.snapshot().rows
  return { aggregator, fleet, rows, source: () => aggregator.snapshot().sources[0] }
}

function entryOf(
  kind: 'rows' | 'folded' | 'incarnation',
  rows: number,
  fields: Partial<Report> = {},
  createdMs = NOW_MS,
): Entry {
  const { incarnation = 1 } = fields
  const key = encodeKey({ kind, incarnation, ...SOURCE })
  const report = reportBytes({ ...SOURCE, series: [seriesWithRows(rows)], ...fields })
  const incarnations = new FoldedIncarnations(0, [incarnation])
  const values = {
    rows: () => encodeRows({ keys: [], report }),
    folded: () => encodeFolded({ incarnations, report }),
    incarnation: () => report,
  }
  return { key, createdMs, revision: ++revision, value: values[kind]() }
}

function markerOf(kind: 'rows' | 'incarnation', incarnation = 1): Entry {
  const key = encodeKey({ kind, incarnation, ...SOURCE })
  return { key, createdMs: NOW_MS, revision: ++revision, value: undefined }
}

test('rows are added to the reports of their engine, for any order of the entries', () => {
  const entries = [
    entryOf('rows', 100),
    entryOf('folded', 10, { incarnation: 1 }),
    entryOf('incarnation', 10, { incarnation: 1 }),
    entryOf('incarnation', 5, { incarnation: 2, series: [seriesWithRows(5, 'save_put')] }),
  ]
  fc.assert(
    fc.property(fc.shuffledSubarray(entries, { minLength: entries.length }), (order) => {
      const { fleet, aggregator, source } = fleetOf()
      for (const entry of [...order, ...order]) fleet.take(entry)
      const rows = source()?.series.map((one) => [one.operation, one.rows, one.numKeys])
      assert.deepEqual(rows?.sort(), [
        ['load_get', 110, 110],
        ['save_put', 5, 5],
      ])
      assert.equal(aggregator.snapshot().sources.length, 1)
    }),
    { seed: 1, numRuns: 48 },
  )
})

test('rows only grow: an entry with fewer is rejected, and the next one counts', () => {
  const { fleet, aggregator, rows } = fleetOf()
  fleet.take(entryOf('rows', 7))
  fleet.take(entryOf('rows', 6, { sequence: 2 }))
  assert.deepEqual([rows(), aggregator.snapshot().rejections.backwards], [7, 1])
  // As many rows and fewer keys.
  const series = [{ ...seriesWithRows(7), numKeys: 1 }]
  fleet.take(entryOf('rows', 7, { sequence: 3, series }))
  assert.deepEqual([rows(), aggregator.snapshot().rejections.backwards], [7, 2])
  // The sum of all entries grows.
  const shrunk = entryOf('rows', 5, { sequence: 4 })
  for (const _ of fleet.takeAll([shrunk, entryOf('incarnation', 4)]));
  assert.deepEqual([rows(), aggregator.snapshot().rejections.backwards], [11, 3])
  fleet.take(entryOf('rows', 8, { sequence: 5 }))
  assert.equal(rows(), 12)
})

test('an engine of rows is up for some time after the last of them, and is not expected', () => {
  let monotonicMs = NOW_MS
  const { fleet, source } = fleetOf({ monotonicNow: () => monotonicMs, silentAfterMs: 1_000 })
  fleet.take(entryOf('rows', 1))
  const state = () => [source()?.health.up, source()?.health.open]
  assert.deepEqual(state(), [true, false])
  monotonicMs += 1_001
  assert.deepEqual(state(), [false, false])
  fleet.take(entryOf('rows', 2, { sequence: 2 }))
  assert.deepEqual(state(), [true, false])
  // An aggregator that starts later uses the server's time.
  const late = fleetOf()
  for (const _ of late.fleet.takeAll([entryOf('rows', 1, {}, NOW_MS - MINUTE_MS)]));
  const { up, lastReportMs } = late.source()?.health ?? {}
  assert.deepEqual([up, lastReportMs], [false, NOW_MS - MINUTE_MS])
})

test('an engine is up if the newest of its entries is', () => {
  const extraMetrics = ['in_flight'] as const
  const { fleet, source } = fleetOf({ extraMetrics })
  const state = () => [source()?.health.up, source()?.health.open, { ...source()?.inFlight }]
  const running = { incarnation: 2, inFlight: [3] }
  fleet.take(entryOf('incarnation', 1, running, NOW_MS - 3))
  fleet.take(entryOf('rows', 1, {}, NOW_MS - 2))
  assert.deepEqual(state(), [true, true, { load_get: 3 }])
  fleet.take(entryOf('incarnation', 1, { ...running, sequence: 2, final: true }, NOW_MS - 1))
  assert.deepEqual(state(), [false, false, { load_get: 0 }])
  fleet.take(entryOf('rows', 2, { sequence: 2 }, NOW_MS))
  assert.deepEqual(state(), [true, false, { load_get: 0 }])
})

test('rows of a removed engine count from zero, even if the watch missed the removal', () => {
  const first = entryOf('rows', 9, { incarnation: 5 })
  const second = { incarnation: 6 }
  for (const isSeen of [true, false]) {
    const { fleet, rows, aggregator } = fleetOf()
    fleet.take(first)
    if (isSeen) {
      fleet.take(markerOf('rows'))
      assert.equal(rows(), 0)
    }
    fleet.take(entryOf('rows', 2, second))
    assert.equal(rows(), 2)
    fleet.take(entryOf('rows', 3, { ...second, sequence: 2 }))
    assert.equal(rows(), 3)
    assert.equal(aggregator.snapshot().rejections.backwards, 0)
  }
})

test('deleted rows stay counted while the engine has other entries', () => {
  for (const isSeen of [true, false]) {
    const { fleet, rows } = fleetOf()
    fleet.take(entryOf('rows', 9, { incarnation: 5 }))
    fleet.take(entryOf('incarnation', 1, { incarnation: 1 }))
    if (isSeen) fleet.take(markerOf('rows'))
    assert.equal(rows(), 10)
    fleet.take(entryOf('rows', 2, { incarnation: 6 }))
    assert.equal(rows(), 12)
    fleet.take(markerOf('rows'))
    fleet.take(markerOf('incarnation'))
    assert.equal(rows(), 0)
  }
})

test('rows are never folded, and stay in the sum when incarnations are', async () => {
  const bucket = new MemoryBucket()
  const { fleet, rows } = fleetOf()
  const entries = [
    entryOf('rows', 100),
    entryOf('incarnation', 5, { incarnation: 2, final: true }),
    entryOf('incarnation', 3, { incarnation: 3, final: true }),
  ]
  for (const { key, value } of entries) bucket.set(key, value)
  const store = bucket.client(async () => {})
  const settings = { layout: DEFAULT_LAYOUT, keptEndedMs: 1, now: () => NOW_MS }
  const folder = new BucketFolder(store, fleet, settings)
  for (let round = 0, taken = 0; round < 3; round++) {
    for (; taken < bucket.changes.length; taken++) fleet.take(bucket.changes[taken] as Entry)
    assert.equal(rows(), 108)
    await folder.fold()
  }
  const left = bucket.entriesAfter(99).filter(({ value }) => value !== undefined)
  assert.deepEqual(left.map(({ key }) => key).sort(), ['a.0.folded', 'a.0.rows'])
  assert.equal(folder.counts.folded, 2)
})

test('an invalid entry of rows is rejected, and changes nothing', () => {
  const { fleet, aggregator, rows } = fleetOf({ payloadBytesMax: 2_000 })
  fleet.take(entryOf('rows', 9))
  const { key } = markerOf('rows')
  const report = (fields: Partial<Report>) =>
    encodeRows({ keys: [], report: reportBytes({ ...SOURCE, ...fields }) })
  const poisoned: readonly Uint8Array[] = [
    Buffer.from('no MessagePack'),
    new Uint8Array(),
    new Uint8Array(2_001),
    reportBytes({ ...SOURCE, series: [seriesWithRows(50)] }),
    report({ engine: 1, series: [seriesWithRows(50)] }),
    report({ instance: 'b', incarnation: 7 }),
    encodeRows({ keys: [], report: new Uint8Array(3) }),
    encodeRows({ keys: [], report: reportBytes({ ...SOURCE, bounds: [1] }) }),
  ]
  for (const value of poisoned) {
    fleet.take({ key, value, createdMs: NOW_MS, revision: ++revision })
  }
  const { rejections } = aggregator.snapshot()
  const count = Object.values(rejections).reduce((sum, one) => sum + one, 0)
  assert.deepEqual([rows(), count, rejections.engine], [9, poisoned.length, 2])
  fleet.take(entryOf('rows', 10, { sequence: 2 }))
  assert.equal(rows(), 10)
})
