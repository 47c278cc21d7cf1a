import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jetstream } from '@nats-io/jetstream'
import { Kvm } from '@nats-io/kv'
import { connect } from '@nats-io/transport-node'
import { EngineAggregator } from '../../src/index.js'
import { natsSink, removeSource, watchBucket } from '../../src/nats/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { connectOnce, refusalOf } from '../support/assertions/nats-refusals.js'
import { runCommand } from '../support/processes/command.js'
import { startSink, startWatching } from '../support/processes/fleet.js'
import { freePort } from '../support/processes/free-port.js'
import { NATS_SKIP, NatsServer } from '../support/processes/nats-server.js'
import { waitUntil } from '../support/processes/wait-until.js'

test('an absent server, and one without JetStream, give clear errors', {
  skip: NATS_SKIP,
}, async (context) => {
  const servers = `nats://127.0.0.1:${await freePort()}`
  assert.match(
    await refusalOf(connectOnce({ servers })),
    /^NATS_FAILED .*ECONNREFUSED.*check the address/,
  )
  const aggregator = new EngineAggregator()
  assert.match(await refusalOf(watchBucket(aggregator, { servers })), /^NATS_FAILED .*ECONNREFUSED/)
  assert.match(await refusalOf(removeSource({ servers, instance: 'a' })), /^NATS_FAILED/)
  const { code, stderr } = await runCommand(context, ['serve', '--nats', servers])
  assert.equal(code, 1)
  assert.match(stderr, /^moonmeter: nats: expected a connection to .*\n$/)
  const config = 'accounts { A { users: [{ user: u, password: p }] } }'
  const { url } = await NatsServer.start(context, { config })
  assert.match(
    await refusalOf(connectOnce({ servers: url, user: 'u', password: 'p' })),
    /^NATS_FAILED bucket moonmeter at nats:.*[Jj]et[Ss]tream.*start the server with JetStream/,
  )
  // The aggregator is usable again after the failed watch.
  const { url: third } = await NatsServer.start(context)
  await (await watchBucket(aggregator, { servers: third })).close()
  await aggregator.close()
})

test('an aggregator that may not watch the bucket is refused', {
  skip: NATS_SKIP,
}, async (context) => {
  const may = 'publish: { deny: "$JS.API.CONSUMER.>" }'
  const users = `{ user: u, password: p, permissions: { ${may} } }`
  const { url } = await NatsServer.start(context, { config: `authorization { users: [${users}] }` })
  const aggregator = new EngineAggregator()
  const options = { servers: url, user: 'u', password: 'p', timeoutMs: 500 }
  assert.match(
    await refusalOf(watchBucket(aggregator, options)),
    /^NATS_FAILED bucket moonmeter: expected a watch of its entries, got .*rights of the user/,
  )
  await aggregator.close()
})

test('a bucket of another version is refused', { skip: NATS_SKIP }, async (context) => {
  const { url: servers } = await NatsServer.start(context)
  await connectOnce({ servers, bucket: 'fleet' })
  const connection = await connect({ servers })
  context.after(() => connection.close())
  const kv = await new Kvm(jetstream(connection)).open('fleet')
  await kv.put('version', '2')
  assert.match(
    await refusalOf(connectOnce({ servers, bucket: 'fleet' })),
    /^NATS_FAILED bucket fleet: expected layout version 1, got "2"; use another bucket/,
  )
  await connectOnce({ servers })
})

test('a full bucket is a counted failure, and the newest report arrives later', {
  skip: NATS_SKIP,
}, async (context) => {
  const { url: servers } = await NatsServer.start(context)
  const nats = await startSink(context, { servers, instance: 'a', bucketBytesMax: 4_000 })
  const connection = await connect({ servers })
  context.after(() => connection.close())
  const kv = await new Kvm(jetstream(connection)).open('moonmeter')
  await kv.put('filler', new Uint8Array(3_700))
  const recorder = createRecorder({
    engine: 0,
    instance: 'a',
    sink: nats.sinkFor(0),
    intervalMs: 20,
  })
  recorder.record('load_get', 0.5, 1)
  await waitUntil('two failures', () => nats.health.putsFailed >= 2)
  assert.match(nats.health.lastError ?? '', /maximum bytes exceeded/)
  assert.deepEqual([nats.health.connected, nats.health.puts], [true, 0])
  recorder.record('load_get', 0.5, 1)
  // An engine without further reports: its last one is retried.
  const other = createRecorder({ engine: 1, instance: 'a', sink: nats.sinkFor(1) })
  other.record('load_get', 0.5, 1)
  const { putsFailed } = nats.health
  other.close()
  await waitUntil('three more failures', () => nats.health.putsFailed >= putsFailed + 3)
  await connection.request('$JS.API.STREAM.PURGE.KV_moonmeter', '{"filter":"$KV.moonmeter.filler"}')
  await waitUntil('a put', () => nats.health.puts > 0)
  recorder.close()
  assert.equal(await nats.close(), true)
  assert.equal((await startWatching(context, { servers })).rows(), 3)
})

test('options that are unknown, out of range or contradictory are refused', async () => {
  const servers = 'nats://127.0.0.1:1'
  const refused: readonly (readonly [object, RegExp])[] = [
    [{ servers, instance: 'a', server: 'x' }, /got an option 'server'/],
    [{ servers }, /natsSink.instance: expected a name of this process, got none/],
    [{ instance: 'a' }, /natsSink.servers: expected addresses.* got undefined/],
    [{ servers: [], instance: 'a' }, /servers: expected addresses/],
    [{ servers, instance: 'a', bucket: 'a.b' }, /bucket: expected up to 200 letters.* got "a.b"/],
    [{ servers, instance: 'a', replicas: 6 }, /replicas: expected an integer from 1 to 5, got 6/],
    [{ servers, instance: 'a', user: 'u' }, /credentials: expected user and password/],
    [{ servers, instance: 'a', token: 't', nkeySeed: 's' }, /got "token and nkeySeed"/],
    [{ servers, instance: 'a', tls: { ca: 'x' } }, /tls: expected some of caFile.* got "ca"/],
    [
      { servers, instance: 'a', tls: { certFile: 'x' } },
      /certFile and keyFile, or neither, got "cert/,
    ],
    [{ servers, instance: 'a', tls: 1 }, /tls: expected a boolean or paths of files, got 1/],
    [{ servers, instance: 'a', token: 1 }, /token: expected a string, got 1/],
  ]
  for (const [options, message] of refused) {
    const text = await refusalOf(natsSink(options as Parameters<typeof natsSink>[0]))
    assert.match(text, /^INVALID_OPTION /)
    assert.match(text, message)
  }
})
