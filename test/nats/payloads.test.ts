import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { jetstream } from '@nats-io/jetstream'
import { type KV, Kvm } from '@nats-io/kv'
import { connect, headers, type NatsConnection } from '@nats-io/transport-node'
import { EngineAggregator } from '../../src/index.js'
import {
  type BucketReceiver,
  type ReceivePayloadsOptions,
  receivePayloads,
  removeSource,
} from '../../src/nats/index.js'
import { pack } from '../../src/wire/msgpack.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { failure } from '../support/assertions/failures.js'
import {
  scrape,
  servedUrl,
  startCommand,
  temporaryDirectory,
} from '../support/processes/command.js'
import { startWatching } from '../support/processes/fleet.js'
import { startNatsProxy } from '../support/processes/nats-proxy.js'
import { NATS_SKIP, NatsServer } from '../support/processes/nats-server.js'
import { waitUntil } from '../support/processes/wait-until.js'

const SUBJECT = 'moonmeter.payloads'
const TOKEN = 'secret'
const RECORDS = 'moonmeter_engine_records_total'

function payloadOf(rows: number): Uint8Array {
  return pack({ load_get: new Array(rows).fill({ duration_seconds: 0.5, num_keys: 1 }) })
}

/** Starts an aggregator that receives payloads until the test ends. */
async function startReceiving(context: TestContext, options: ReceivePayloadsOptions) {
  const aggregator = new EngineAggregator()
  const receiver = await receivePayloads(aggregator, options)
  context.after(async () => {
    await receiver.close()
    await aggregator.close()
  })
  return { aggregator, receiver }
}

/** Starts the command, which receives payloads over HTTP. */
async function serveFleet(context: TestContext, servers: string) {
  const file = join(temporaryDirectory(context), 'token')
  writeFileSync(file, `${TOKEN}\n`)
  const args = ['serve', '--nats', servers, '--listen', '127.0.0.1:0']
  const child = startCommand(context, [...args, '--payloads-token-file', file])
  return { child, url: await servedUrl(child) }
}

async function post(url: string, body: Uint8Array, key: string, instance = 'vllm') {
  const response = await fetch(`${url}/v1/payloads/0?instance=${instance}`, {
    method: 'POST',
    body: body as Uint8Array<ArrayBuffer>,
    headers: {
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/msgpack',
      'idempotency-key': key,
    },
  })
  const answer = (await response.json()) as {
    readonly accepted: boolean
    readonly repeated?: boolean
  }
  return { status: response.status, ...answer }
}

async function recordsOf(url: string): Promise<Record<string, number>> {
  const records = parseExposition(await scrape(url)).filter(({ name }) => name === RECORDS)
  return Object.fromEntries(records.map(({ labels, value }) => [labels.instance, Number(value)]))
}

async function connectTo(context: TestContext, servers: string): Promise<NatsConnection> {
  const connection = await connect({ servers })
  context.after(() => connection.close())
  return connection
}

/** The answer to a message with a key in a header. */
async function ask(
  connection: NatsConnection,
  subject: string,
  bytes: Uint8Array,
  key?: readonly [header: string, value: string],
): Promise<Record<string, unknown>> {
  const head = headers()
  if (key !== undefined) head.set(...key)
  const message = await connection.request(subject, bytes, { timeout: 20_000, headers: head })
  return message.json()
}

/** Sends a payload until it is counted. */
async function insist(receivers: readonly BucketReceiver[], rows: number, key: string) {
  for (let attempt = 0; ; attempt++) {
    const receiver = receivers[attempt % receivers.length]
    const outcome = await receiver?.receive(payloadOf(rows), { instance: 'a', engine: 0, key })
    if (outcome?.kind !== 'busy') return outcome?.kind
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

test('two aggregators that receive payloads of an engine concurrently expose their exact sum', {
  skip: NATS_SKIP,
}, async (context) => {
  const { url: servers } = await NatsServer.start(context)
  const both = await Promise.all([1, 2].map(() => startReceiving(context, { servers })))
  const receivers = both.map(({ receiver }) => receiver)
  const watching = await startWatching(context, { servers })
  const sent = Array.from({ length: 300 }, (_, index) => {
    // Each third payload is sent to both aggregators, and counts once.
    const targets = index % 3 === 0 ? receivers : receivers.slice(index % 2).slice(0, 1)
    return targets.map((receiver) => insist([receiver], (index % 7) + 1, `${index}`))
  })
  const kinds = await Promise.all(sent.flat())
  const total = Array.from({ length: 300 }, (_, index) => (index % 7) + 1)
  const rows = total.reduce((sum, one) => sum + one, 0)
  // A put without an answer in time is retried, and then its payloads may be found as repeated.
  const counted = kinds.filter((kind) => kind === 'counted').length
  const repeated = kinds.filter((kind) => kind === 'repeated').length
  assert.ok(counted <= 300 && counted + repeated === 400, `${counted} and ${repeated}`)
  await waitUntil(`${rows} rows`, () => watching.rows() === rows)
  assert.equal((await startWatching(context, { servers })).rows(), rows)
  const health = receivers.map((receiver) => receiver.health)
  assert.ok(health.every(({ connected, waiting }) => connected && waiting === 0))
  // Payloads share puts.
  assert.ok(health.reduce((sum, { puts }) => sum + puts, 0) < 300)
})

test('one aggregator of a group answers each message with the result', {
  skip: NATS_SKIP,
}, async (context) => {
  const { url: servers } = await NatsServer.start(context)
  const options = { servers, subject: SUBJECT }
  const both = await Promise.all([1, 2].map(() => startReceiving(context, options)))
  const watching = await startWatching(context, { servers })
  const connection = await connectTo(context, servers)
  const subject = `${SUBJECT}.host=2Ea.3`
  const counted = { accepted: true, repeated: false }
  for (let index = 0; index < 20; index++) {
    const key = ['Nats-Msg-Id', `${index}`] as const
    assert.deepEqual(await ask(connection, subject, payloadOf(1), key), counted)
  }
  const repeated = { accepted: true, repeated: true }
  for (const header of ['Nats-Msg-Id', 'nats-msg-id', 'Idempotency-Key']) {
    assert.deepEqual(await ask(connection, subject, payloadOf(1), [header, '7']), repeated)
  }
  const refused = await ask(connection, subject, payloadOf(2), ['Nats-Msg-Id', '7'])
  assert.deepEqual([refused.accepted, refused.reason], [false, 'duplicate'])
  // Without a key, each counts.
  for (let count = 0; count < 2; count++) {
    assert.deepEqual(await ask(connection, subject, payloadOf(1)), counted)
  }
  // Without a reply subject, too.
  connection.publish(subject, payloadOf(1))
  await waitUntil('23 rows', () => watching.rows() === 23)
  const [source] = watching.aggregator.snapshot().sources
  assert.deepEqual([source?.instance, source?.engine], ['host.a', 3])
  const shares = both.map(({ receiver }) => receiver.health.counted)
  assert.equal(
    shares.reduce((sum, share) => sum + share),
    23,
  )
})

test('an invalid message is rejected and counted, and others are accepted', {
  skip: NATS_SKIP,
}, async (context) => {
  const { url: servers } = await NatsServer.start(context)
  const { aggregator } = await startReceiving(context, { servers, subject: SUBJECT })
  const watching = await startWatching(context, { servers })
  const connection = await connectTo(context, servers)
  const good = `${SUBJECT}.good.0`
  await ask(connection, good, payloadOf(5))
  const poisoned = [
    [good, Buffer.from('text'), 'malformed'],
    [good, new Uint8Array(), 'truncated'],
    [good, pack({ load_get: [{ duration_seconds: -1, num_keys: 1 }] }), 'range'],
    [`${SUBJECT}.good.x`, payloadOf(1), 'engine'],
    [`${SUBJECT}.a=zz.0`, payloadOf(1), 'engine'],
  ] as const
  for (const [subject, bytes, reason] of poisoned) {
    const answer = await ask(connection, subject, bytes)
    assert.deepEqual([answer.accepted, answer.reason], [false, reason])
  }
  assert.equal(aggregator.snapshot().rejections.engine, 2)
  await ask(connection, good, payloadOf(1))
  await waitUntil('6 rows', () => watching.rows() === 6)
  assert.equal(watching.aggregator.snapshot().sources.length, 1)
})

test('an aggregator that is killed between the put and its answer leaves the payload counted once', {
  skip: NATS_SKIP,
}, async (context) => {
  const { url: servers } = await NatsServer.start(context)
  const proxy = await startNatsProxy(context, servers)
  const [killed, other] = await Promise.all([
    serveFleet(context, proxy.url),
    serveFleet(context, servers),
  ])
  const first = await post(killed.url, payloadOf(3), 'first')
  assert.deepEqual(first, { status: 200, accepted: true, repeated: false })
  const held = proxy.holdAnswersAfter('HPUB $KV.moonmeter.vllm.0.rows')
  const lost = post(killed.url, payloadOf(4), 'second').catch(() => undefined)
  await held
  // The payload is in the bucket, and the sender has no answer.
  await waitUntil('7 rows', async () => (await recordsOf(other.url)).vllm === 7)
  killed.child.kill('SIGKILL')
  assert.notEqual((await lost)?.accepted, true)
  const again = await post(other.url, payloadOf(4), 'second')
  assert.deepEqual(again, { status: 200, accepted: true, repeated: true })
  assert.deepEqual(await recordsOf(other.url), { vllm: 7 })
  const next = await serveFleet(context, servers)
  assert.deepEqual(await recordsOf(next.url), { vllm: 7 })
  assert.equal((await post(next.url, payloadOf(3), 'first')).repeated, true)
})

test('without a server, payloads are busy, and after retries their sum is exact', {
  skip: NATS_SKIP,
}, async (context) => {
  const server = await NatsServer.start(context)
  const servers = server.url
  const both = await Promise.all([1, 2].map(() => startReceiving(context, { servers })))
  const receivers = both.map(({ receiver }) => receiver)
  const watching = await startWatching(context, { servers })
  const send = (from: number) =>
    Array.from({ length: 40 }, (_, index) => insist(receivers, 2, `${from + index}`))
  const during = send(0)
  await waitUntil('a put', () => receivers.some(({ health }) => health.puts > 0))
  await server.kill()
  await waitUntil('away', () => receivers.every(({ health }) => !health.connected))
  const outcome = await receivers[0]?.receive(payloadOf(1), { instance: 'a', engine: 0 })
  assert.equal(outcome?.kind, 'busy')
  const meanwhile = send(100)
  await waitUntil('busy', () => receivers.every(({ health }) => health.busy > 40))
  await server.restart()
  const kinds = await Promise.all([...during, ...meanwhile])
  assert.ok(kinds.every((kind) => kind === 'counted' || kind === 'repeated'))
  await waitUntil('160 rows', () => watching.rows() === 160)
  assert.equal((await startWatching(context, { servers })).rows(), 160)
})

test('a removed engine counts from zero, and its keys are removed', {
  skip: NATS_SKIP,
}, async (context) => {
  const { url: servers } = await NatsServer.start(context)
  const { receiver } = await startReceiving(context, { servers })
  const watching = await startWatching(context, { servers, keptEndedMs: 300 })
  const source = { instance: 'a', engine: 0, key: 'k' }
  await receiver.receive(payloadOf(5), source)
  await waitUntil('5 rows', () => watching.rows() === 5)
  assert.equal(await removeSource({ servers, instance: 'a' }), 1)
  await waitUntil('none', () => watching.rows() === 0)
  assert.deepEqual(await receiver.receive(payloadOf(2), source), { kind: 'counted' })
  await waitUntil('2 rows', () => watching.rows() === 2)
  const { rejections } = watching.aggregator.snapshot()
  assert.ok(Object.values(rejections).every((count) => count === 0))
})

test('a malicious entry of rows is rejected by readers and writers', {
  skip: NATS_SKIP,
}, async (context) => {
  const { url: servers } = await NatsServer.start(context)
  const { receiver } = await startReceiving(context, { servers })
  const watching = await startWatching(context, { servers })
  const connection = await connectTo(context, servers)
  const kv: KV = await new Kvm(jetstream(connection)).open('moonmeter')
  for (const engine of [0, 1]) await receiver.receive(payloadOf(5), { instance: 'a', engine })
  await waitUntil('10 rows', () => watching.rows() === 10)
  await kv.put('a.0.rows', 'no MessagePack')
  const rejected = () => Object.values(watching.aggregator.snapshot().rejections)
  await waitUntil('a rejection', () => rejected().some((count) => count > 0))
  const outcomes = await Promise.all(
    [0, 1].map((engine) => receiver.receive(payloadOf(1), { instance: 'a', engine })),
  )
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    ['busy', 'counted'],
  )
  assert.match(receiver.health.lastError ?? '', /^entry a\.0\.rows: expected the rows of an engine/)
  await waitUntil('11 rows', () => watching.rows() === 11)
})

test('a user who may not subscribe, and invalid options, are rejected', {
  skip: NATS_SKIP,
}, async (context) => {
  const may = 'subscribe: "_INBOX.>"'
  const users = `{ user: u, password: p, permissions: { publish: ">", ${may} } }`
  const config = `authorization { users: [${users}] }`
  const { url: servers } = await NatsServer.start(context, { config })
  const aggregator = new EngineAggregator()
  const credentials = { servers, user: 'u', password: 'p' }
  await assert.rejects(
    receivePayloads(aggregator, { ...credentials, subject: SUBJECT }),
    (error: Error) =>
      failure('NATS_FAILED')(error) &&
      /^moonmeter\.payloads\.\*\.\*: expected a subscription, got .*rights/.test(error.message),
  )
  // Payloads over HTTP do not need this right.
  const receiver = await receivePayloads(aggregator, credentials)
  assert.equal((await receiver.receive(payloadOf(1), { instance: 'a', engine: 0 })).kind, 'counted')
  await receiver.close()
  for (const options of [
    { subject: 'a.*' },
    { subject: '' },
    { subject: 'a..b' },
    { keysMax: 0 },
    { waitingMax: 1.5 },
    { topic: 'a' },
  ] as object[]) {
    const refused = receivePayloads(aggregator, { ...credentials, ...options })
    await assert.rejects(refused, failure('INVALID_OPTION'), JSON.stringify(options))
  }
  await aggregator.close()
})

test('the rights of the guide are sufficient for aggregators and senders, and restrict a sender to one instance', {
  skip: NATS_SKIP,
}, async (context) => {
  const userOf = (user: string, publish: readonly string[], subscribe: readonly string[]) => {
    const permissions = JSON.stringify({ publish, subscribe: [...subscribe, '_INBOX.>'] })
    return `{ user: ${user}, password: p, permissions: ${permissions} }`
  }
  const users = [
    '{ user: admin, password: p }',
    userOf('aggregator', ['$JS.API.>', '$KV.moonmeter.*.*.rows', '_INBOX.>'], [`${SUBJECT}.>`]),
    userOf('sender', [`${SUBJECT}.host-a.*`], []),
  ].join(', ')
  const config = `authorization { users: [${users}] }`
  const { url: servers } = await NatsServer.start(context, { config })
  const watching = await startWatching(context, { servers, user: 'admin', password: 'p' })
  const credentials = { user: 'aggregator', password: 'p' }
  await startReceiving(context, { servers, subject: SUBJECT, ...credentials })
  const connection = await connect({ servers, user: 'sender', pass: 'p' })
  context.after(() => connection.close())
  const answer = await ask(connection, `${SUBJECT}.host-a.0`, payloadOf(2))
  assert.deepEqual(answer, { accepted: true, repeated: false })
  await assert.rejects(ask(connection, `${SUBJECT}.host-b.0`, payloadOf(4)), /[Pp]ermission/)
  await waitUntil('2 rows', () => watching.rows() === 2)
})

test('close answers received messages, and accepts no further ones', {
  skip: NATS_SKIP,
}, async (context) => {
  const { url: servers } = await NatsServer.start(context)
  const { receiver } = await startReceiving(context, { servers, subject: SUBJECT })
  const connection = await connectTo(context, servers)
  const answers = [1, 2, 3].map((rows) => ask(connection, `${SUBJECT}.a.0`, payloadOf(rows)))
  await connection.flush()
  await receiver.close()
  for (const answer of await Promise.all(answers)) {
    assert.deepEqual(answer, { accepted: true, repeated: false })
  }
  await assert.rejects(ask(connection, `${SUBJECT}.a.0`, payloadOf(1)), /no responders/)
  assert.equal((await receiver.receive(payloadOf(1), { instance: 'a', engine: 0 })).kind, 'busy')
  assert.equal((await startWatching(context, { servers })).rows(), 6)
})
