import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { jetstream } from '@nats-io/jetstream'
import { Kvm } from '@nats-io/kv'
import { connect } from '@nats-io/transport-node'
import { natsSink } from '../../src/nats/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { connectOnce, refusalOf } from '../support/assertions/nats-refusals.js'
import { startWatching } from '../support/processes/fleet.js'
import { freePort } from '../support/processes/free-port.js'
import { NATS_SKIP, NatsServer } from '../support/processes/nats-server.js'
import { waitUntil } from '../support/processes/wait-until.js'

const SERVERS = 3
/** Servers elect a leader some seconds after their start, and answer nothing before. */
const TIMEOUT_MS = 1_000
const ELECTION_MS_MAX = 60_000

/** Starts servers that are one cluster. */
async function startCluster(context: TestContext): Promise<readonly string[]> {
  const ports = await Promise.all(Array.from({ length: SERVERS }, freePort))
  const routes = ports.map((port) => `nats://127.0.0.1:${port}`).join(', ')
  const servers = await Promise.all(
    ports.map((port, index) => {
      const cluster = `cluster { name: fleet, listen: "127.0.0.1:${port}", routes: [${routes}] }`
      return NatsServer.start(context, { config: `server_name: server-${index}\n${cluster}` })
    }),
  )
  return servers.map(({ url }) => url)
}

test('a bucket has the requested number of replicas, if the cluster has as many servers', {
  skip: NATS_SKIP,
}, async (context) => {
  const servers = await startCluster(context)
  const options = { servers, instance: 'a', replicas: SERVERS, timeoutMs: TIMEOUT_MS }
  const nats = await waitUntil(
    'a leader of the cluster',
    () => natsSink(options).catch(() => undefined),
    ELECTION_MS_MAX,
  )
  const recorder = createRecorder({ engine: 0, instance: 'a', sink: nats.sinkFor(0) })
  recorder.record('load_get', 0.5, 1)
  recorder.close()
  assert.equal(await nats.close({ timeoutMs: ELECTION_MS_MAX }), true)
  // A busy cluster may elect another leader, and answers nothing meanwhile.
  const fleet = await waitUntil('a watch', () =>
    startWatching(context, { servers }).catch(() => undefined),
  )
  assert.equal(fleet.rows(), 1)
  const connection = await connect({ servers: [...servers] })
  context.after(() => connection.close())
  const { streamInfo } = await (await new Kvm(jetstream(connection)).open('moonmeter')).status()
  assert.equal(streamInfo.config.num_replicas, SERVERS)
  assert.equal(streamInfo.cluster?.replicas?.length, SERVERS - 1)
  const tooMany = /^NATS_FAILED bucket five at .* got no suitable peers for placement/
  await waitUntil('a refusal', async () =>
    tooMany.test(await refusalOf(connectOnce({ servers, bucket: 'five', replicas: 5 }))),
  )
})

test('a single server rejects a bucket with replicas', {
  skip: NATS_SKIP,
}, async (context) => {
  const { url: servers } = await NatsServer.start(context)
  assert.match(
    await refusalOf(connectOnce({ servers, replicas: SERVERS })),
    /^NATS_FAILED bucket moonmeter .* got replicas > 1 not supported in non-clustered mode; .*replicas/,
  )
})
