import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aggregationOf } from '../../src/engine-aggregator.js'
import { type AggregatorOptions, EngineAggregator } from '../../src/index.js'
import type { Entry } from '../../src/nats/bucket.js'
import { encodeKey } from '../../src/nats/entry-key.js'
import { Fleet } from '../../src/nats/fleet.js'
import { incarnationNumber } from '../../src/recorder/incarnation-number.js'
import { makeExemplar } from '../../src/stats/exemplar.js'
import type { PackedSeries } from '../../src/stats/packed-series.js'
import type { Report } from '../../src/wire/report.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'

const NOW_MS = Date.UTC(2030, 0, 1)
const MINUTE_MS = 60_000
let revision = 0

function fleetOf(options: AggregatorOptions = {}) {
  const aggregator = new EngineAggregator({ now: () => NOW_MS, ...options })
  const fleet = new Fleet(aggregationOf(aggregator), () => NOW_MS)
  return { aggregator, fleet, source: () => aggregator.snapshot().sources[0] }
}

function entryOf(fields: Partial<Report> & { readonly incarnation: number }, createdMs = NOW_MS) {
  const identity = { instance: 'a', engine: 0, incarnation: fields.incarnation }
  const key = encodeKey({ kind: 'incarnation', ...identity })
  return { key, createdMs, revision: ++revision, value: reportBytes({ ...identity, ...fields }) }
}

test('an engine whose last report is old is not up when an aggregator starts', () => {
  const startMs = NOW_MS - 10 * MINUTE_MS
  const old = entryOf({ incarnation: incarnationNumber(startMs) }, NOW_MS - MINUTE_MS)
  const { fleet, source } = fleetOf()
  for (const _ of fleet.takeAll([old]));
  const health = source()?.health
  assert.deepEqual([health?.up, health?.lastReportMs], [false, NOW_MS - MINUTE_MS])
  // The creation time is the start of the engine, for every aggregator.
  assert.equal(health?.createdMs, startMs)
  // The time of a server whose clock is behind does not apply to a report that has just arrived.
  fleet.take(entryOf({ incarnation: incarnationNumber(startMs), sequence: 2 }, startMs))
  assert.deepEqual([source()?.health.up, source()?.health.lastReportMs], [true, NOW_MS])
})

test('an engine is up if its newest incarnation is', () => {
  const { fleet, source } = fleetOf()
  fleet.take(entryOf({ incarnation: 2, final: true }))
  fleet.take(entryOf({ incarnation: 1 }))
  assert.equal(source()?.health.up, false)
  fleet.take(entryOf({ incarnation: 3 }))
  assert.equal(source()?.health.up, true)
})

test('series keep their places, and exemplars and calls in flight are those of the newest', () => {
  const { fleet, source } = fleetOf({ extraMetrics: ['hit_keys', 'in_flight'] })
  const withExtras = (series: PackedSeries, numHitKeys: number) => ({
    ...series,
    extras: { numTransferredBytes: 0, numHitKeys },
  })
  const exemplar = makeExemplar('trace', 0.5, 1)
  const [gets, puts] = [seriesWithRows(2), seriesWithRows(3, 'save_put')]
  fleet.take(
    entryOf({
      incarnation: 1,
      series: [withExtras(gets, 4), withExtras(puts, 0)],
      inFlight: [9, 9],
    }),
  )
  fleet.take(
    entryOf({
      incarnation: 2,
      series: [withExtras(puts, 0), withExtras(gets, 1)],
      inFlight: [0, 5],
      exemplars: [{ series: 0, exemplar }],
    }),
  )
  const found = source()
  assert.deepEqual(
    found?.series.map((one) => [one.operation, one.rows, one.exemplars.filter(Boolean).length]),
    [
      ['load_get', 4, 0],
      ['save_put', 6, 1],
    ],
  )
  assert.deepEqual({ ...found?.inFlight }, { load_get: 5, save_put: 0 })
})

test('the message of a rejected entry begins with its key, cut and printable', () => {
  const messages: string[] = []
  const { fleet } = fleetOf({ enginesMax: 1, onRejected: ({ message }) => messages.push(message) })
  const entry = entryOf({ incarnation: 1 })
  const renew = (entry: Entry) => ({ ...entry, revision: ++revision })
  fleet.take({ ...entry, key: 'a.address', value: Buffer.alloc(1_000, 0xc1) })
  fleet.take({ ...entry, value: Buffer.alloc(1_000, 0xc1) })
  fleet.take({ ...entry, key: `\u009b31m${'x'.repeat(500)}` })
  // The second engine is past the limit.
  const second = { ...entry, key: 'b.0.1', value: reportBytes({ instance: 'b', incarnation: 1 }) }
  fleet.take(renew(entry))
  fleet.take(second)
  for (const _ of fleet.takeAll([entry, second].map(renew)));
  assert.deepEqual(
    messages.map((message) => message.split(': ').slice(0, 2).join(': ')),
    [
      'entry "a.address": payload',
      'entry "a.0.1": payload',
      `entry "?31m${'x'.repeat(60)}?": payload`,
      'entry "b.0.1": payload',
      'entry "b.0.>": payload',
    ],
  )
})

test('engines past the limit are rejected, and do not count', () => {
  const { aggregator, fleet } = fleetOf({ enginesMax: 1 })
  const entries = [
    entryOf({ incarnation: 1 }),
    ...['b', 'c'].map((instance) => ({
      key: `${instance}.0.1`,
      createdMs: NOW_MS,
      revision: ++revision,
      value: reportBytes({ instance, incarnation: 1 }),
    })),
  ]
  for (const entry of entries.slice(0, 2)) fleet.take(entry)
  assert.equal(aggregator.snapshot().sources.length, 1)
  assert.equal(aggregator.snapshot().rejections.engine, 1)
  for (const _ of fleet.takeAll(entries));
  assert.equal(aggregator.snapshot().rejections.engine, 2)
  const kept = Array.from(fleet.sources, (source) => [
    source.instance,
    source.entries.incarnations.size,
  ])
  assert.deepEqual(kept, [
    ['a', 1],
    ['b', 0],
    ['c', 0],
  ])
})

test('entries of a bucket that was created again are accepted despite lower revisions', () => {
  const { fleet, source } = fleetOf()
  fleet.take({ ...entryOf({ incarnation: 1 }), revision: 1_000 })
  const later = entryOf({ incarnation: 1, sequence: 2, series: [seriesWithRows(5)] })
  for (const _ of fleet.takeAll([{ ...later, revision: 2 }]));
  fleet.take({ ...entryOf({ incarnation: 2 }), revision: 3 })
  assert.equal(source()?.health.rows, 6)
})
