import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { jetstream } from '@nats-io/jetstream'
import { type KV, Kvm } from '@nats-io/kv'
import { connect } from '@nats-io/transport-node'
import { EngineAggregator } from '../../src/index.js'
import {
  type NatsOptions,
  natsSink,
  receivePayloads,
  removeSource,
  watchBucket,
} from '../../src/nats/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { pack } from '../../src/wire/msgpack.js'
import { ANSWER_MS_MAX } from '../support/processes/fleet.js'
import { HANDSHAKE_SECONDS_MAX, NATS_SKIP, NatsServer } from '../support/processes/nats-server.js'
import { waitUntil } from '../support/processes/wait-until.js'

const GUIDE = new URL('../../../src/nats/README.md', import.meta.url)
/** A row of the guide's table: a subject to publish to, and whether each role needs it. */
const ROW = /^\| `(\$[^`]+)` \|(.*)\|$/gm
const ROLES = ['first', 'natsSink', 'watchBucket', 'removeSource', 'receivePayloads'] as const
const INSTANCE = 'host-a'
const PASSWORD = 'p'
const ADMIN = { user: 'admin', password: PASSWORD }
/** Time-out of requests that the server does not answer, because the user lacks the right. */
const TIMEOUT_MS = 1_000
/** Bytes of entries that make the server wait for flow control answers, which need a right. */
const FILLER_BYTES = 2 ** 18
const FILLERS = 12
/** The version and the folded entry. */
const OTHER_ENTRIES = 2

type Role = (typeof ROLES)[number]
type Options = NatsOptions & { readonly timeoutMs: number }

/** A user with the rights of a role, all or all except one, and its bucket. */
interface Trial {
  readonly role: Role
  readonly missing: string | undefined
  readonly bucket: string
  readonly rights: readonly string[]
}

/** The subjects of each role for a bucket. */
function rightsOf(role: Role, bucket: string): string[] {
  const rows = [...readFileSync(GUIDE, 'utf8').matchAll(ROW)]
  const column = ROLES.indexOf(role)
  return rows
    .filter(([, , cells = '']) => cells.split('|')[column]?.trim() === 'yes')
    .map(([, right = '']) => right.replace('moonmeter', bucket).replace('INSTANCE', INSTANCE))
}

function trialsOf(role: Role): Trial[] {
  const all = { role, missing: undefined, bucket: role, rights: rightsOf(role, role) }
  const others = all.rights.map((_, index): Trial => {
    const bucket = `${role}-${index}`
    const rights = rightsOf(role, bucket)
    const [missing] = rights.splice(index, 1)
    return { role, missing, bucket, rights }
  })
  // This right is needed only for thousands of engines.
  const isSeldom = ({ missing = '' }: Trial) =>
    role === 'removeSource' && missing.startsWith('$JS.FC')
  return [all, ...others.filter((trial) => !isSeldom(trial))]
}

function userOf({ bucket, rights }: Trial): string {
  const publish = `publish: { allow: ${JSON.stringify(rights)} }`
  const permissions = `permissions: { ${publish}, subscribe: { allow: ["_INBOX.>"] } }`
  return `{ user: ${bucket}, password: ${PASSWORD}, ${permissions} }`
}

/** Puts one row of an engine, and closes its recorder. */
async function putRow(options: Options): Promise<void> {
  const nats = await natsSink({ ...options, instance: INSTANCE })
  const recorder = createRecorder({ engine: 0, instance: INSTANCE, sink: nats.sinkFor(0) })
  recorder.record('load_get', 0.5, 1)
  recorder.close()
  assert.equal(await nats.close({ timeoutMs: options.timeoutMs }), true, nats.health.lastError)
}

/** Watches until the ended incarnation was folded and deleted. */
async function watchAndFold(options: Options, kv: KV): Promise<void> {
  const aggregator = new EngineAggregator()
  const watch = await watchBucket(aggregator, { ...options, keptEndedMs: 1 })
  try {
    assert.equal(aggregator.snapshot().rows, 1)
    await waitUntil('folded', async () => {
      assert.equal(watch.health.foldsFailed, 0, watch.health.lastError)
      const isFolded = (await kv.get(`${INSTANCE}.0.folded`)) !== null
      return isFolded && (await subjectsOf(kv)) === FILLERS + OTHER_ENTRIES
    })
    assert.equal(aggregator.snapshot().rows, 1)
  } finally {
    await watch.close()
    await aggregator.close()
  }
}

/** Adds a row of a payload to the bucket. */
async function receiveRow(options: NatsOptions): Promise<void> {
  const aggregator = new EngineAggregator()
  const receiver = await receivePayloads(aggregator, options)
  const payload = pack({ load_get: [{ duration_seconds: 0.5, num_keys: 1 }] })
  const outcome = await receiver.receive(payload, { instance: INSTANCE, engine: 0 })
  await receiver.close()
  await aggregator.close()
  assert.equal(outcome.kind, 'counted')
}

/** Fills a bucket with entries that are not reports, so that reading needs flow control. */
async function fill(kv: KV): Promise<void> {
  for (let index = 0; index < FILLERS; index++) {
    await kv.put(`filler.${index}`, new Uint8Array(FILLER_BYTES))
  }
}

/** Number of keys with an entry or a marker in the stream of a bucket. */
async function subjectsOf(kv: KV): Promise<number> {
  return (await kv.status()).streamInfo.state.num_subjects ?? 0
}

/** Runs the actions of a role. */
async function act({ role }: Trial, options: Options, kv: KV): Promise<void> {
  if (role === 'first') await (await natsSink({ ...options, instance: INSTANCE })).close()
  else if (role === 'natsSink') await putRow(options)
  else if (role === 'watchBucket') await watchAndFold(options, kv)
  else if (role === 'receivePayloads') await receiveRow(options)
  else assert.equal(await removeSource({ ...options, instance: INSTANCE }), 1)
}

for (const role of ROLES) {
  const trials = trialsOf(role)
  test(`${role}: the rights of the guide are sufficient, and each is needed`, {
    skip: NATS_SKIP,
  }, async (context) => {
    assert.ok(trials.length > 4, 'the guide has rows')
    const users = [`{ user: admin, password: ${PASSWORD} }`, ...trials.map(userOf)].join(', ')
    const config = `authorization { timeout: ${HANDSHAKE_SECONDS_MAX}, users: [${users}] }`
    const { url: servers } = await NatsServer.start(context, { config })
    const connection = await connect({ servers, user: ADMIN.user, pass: PASSWORD })
    context.after(() => connection.close())
    const results = await Promise.all(
      trials.map(async (trial) => {
        const { bucket, missing } = trial
        if (role !== 'first') await putRow({ servers, ...ADMIN, bucket, timeoutMs: ANSWER_MS_MAX })
        const kv = await new Kvm(jetstream(connection)).open(bucket)
        if (role === 'watchBucket') await fill(kv)
        const options = { servers, bucket, user: bucket, password: PASSWORD }
        const timeoutMs = missing === undefined ? ANSWER_MS_MAX : TIMEOUT_MS
        const error = await act(trial, { ...options, timeoutMs }, kv).then(
          () => undefined,
          (reason: unknown) => reason,
        )
        return [missing, error === undefined] as const
      }),
    )
    assert.deepEqual(
      results,
      trials.map(({ missing }) => [missing, missing === undefined]),
    )
  })
}
