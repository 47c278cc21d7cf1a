import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aggregationOf } from '../../src/engine-aggregator.js'
import { EngineAggregator } from '../../src/index.js'
import { encodeAddressKey } from '../../src/nats/entry-key.js'
import { Fleet } from '../../src/nats/fleet.js'
import { removeSource } from '../../src/nats/index.js'
import { encodeAddress } from '../../src/nats/metrics-address.js'
import { liveTargets } from '../../src/nats/scrape-targets.js'
import { createRecorder } from '../../src/recorder/index.js'
import { reportBytes } from '../support/generators/reports.js'
import { startSink, startWatching } from '../support/processes/fleet.js'
import { NATS_SKIP, NatsServer } from '../support/processes/nats-server.js'
import { waitUntil } from '../support/processes/wait-until.js'

const SILENT_AFTER_MS = 1_000

/** A fleet whose entries and time the test sets. */
function testFleet() {
  let nowMs = 0
  let revision = 0
  const aggregator = new EngineAggregator({
    silentAfterMs: SILENT_AFTER_MS,
    now: () => nowMs,
    monotonicNow: () => nowMs,
  })
  const aggregation = aggregationOf(aggregator)
  const fleet = new Fleet(aggregation, () => nowMs)
  const entry = (key: string, value: Uint8Array | undefined) => {
    return { key, value, revision: ++revision, createdMs: nowMs }
  }
  return {
    aggregator,
    fleet,
    pass: (ms: number) => {
      nowMs += ms
    },
    address: (instance: string, text: string | undefined) =>
      entry(
        encodeAddressKey({ kind: 'address', instance }),
        text === undefined ? text : encodeAddress(text),
      ),
    report: (instance: string, engine: number, fields = {}) =>
      entry(`${instance}.${engine}.1`, reportBytes({ instance, engine, ...fields })),
    urls: () =>
      liveTargets(aggregation, fleet.addresses).map(({ instance, url }) => `${instance} ${url}`),
  }
}

test('an instance with an address is listed while one of its engines is up', () => {
  const { fleet, address, report, urls, pass } = testFleet()
  for (const instance of ['b', 'a', 'idle']) fleet.take(address(instance, `http://${instance}/m`))
  assert.deepEqual(urls(), [])
  for (const engine of [0, 1]) fleet.take(report('b', engine))
  fleet.take(report('a', 0))
  fleet.take(report('silent about it', 0))
  assert.deepEqual(urls(), ['a http://a/m', 'b http://b/m'])
  fleet.take(report('b', 0, { sequence: 2, final: true }))
  assert.deepEqual(urls(), ['a http://a/m', 'b http://b/m'])
  fleet.take(report('b', 1, { sequence: 2, final: true }))
  assert.deepEqual(urls(), ['a http://a/m'])
  pass(SILENT_AFTER_MS + 1)
  assert.deepEqual(urls(), [])
  fleet.take(report('a', 0, { sequence: 2 }))
  assert.deepEqual(urls(), ['a http://a/m'])
})

test('the newest address counts, an invalid one changes nothing, and a deleted one is not listed', () => {
  const { aggregator, fleet, address, report, urls } = testFleet()
  fleet.take(report('a', 0))
  fleet.take(address('a', 'http://one/m'))
  fleet.take(address('a', 'http://two/m'))
  fleet.take(address('a', 'no address'))
  assert.deepEqual(urls(), ['a http://two/m'])
  assert.equal(aggregator.snapshot().rejections.shape, 1)
  fleet.take(address('a', undefined))
  assert.deepEqual(urls(), [])
  // The engines of the instance stay.
  assert.equal(aggregator.snapshot().rows, 1)
  fleet.take(address('a', 'http://three/m'))
  assert.deepEqual(urls(), ['a http://three/m'])
  for (const _ of fleet.takeAll([report('a', 0, { sequence: 2 })]));
  assert.deepEqual(urls(), [])
})

test('an address is in the bucket from the start of its process to its end', {
  skip: NATS_SKIP,
}, async (context) => {
  const server = await NatsServer.start(context)
  const { watch } = await startWatching(context, { servers: server.url })
  const instance = 'host a:1'
  const options = { servers: server.url, instance, metricsAddress: 'host-a:9464' }
  const sink = await startSink(context, options)
  const recorder = createRecorder({ engine: 0, instance, sink: sink.sinkFor(0) })
  recorder.record('load_get', 0.5, 1)
  const listed = [{ instance, url: 'http://host-a:9464/metrics' }]
  const isListed = (expected: readonly unknown[]) => () =>
    JSON.stringify(watch.targets) === JSON.stringify(expected)
  await waitUntil('listed', isListed(listed))
  assert.equal(await removeSource({ servers: server.url, instance }), 2)
  await waitUntil('removed', isListed([]))
  await server.kill()
  await waitUntil('unknown without a connection', () => watch.targets === undefined)
  await server.restart()
  // The address is put again with each connection.
  await waitUntil('listed again', isListed(listed))
  recorder.close()
  assert.equal(await sink.close(), true)
  await waitUntil('ended', isListed([]))
  assert.equal(await removeSource({ servers: server.url, instance }), 1)
})
