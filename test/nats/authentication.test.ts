import assert from 'node:assert/strict'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { nkeys } from '@nats-io/transport-node'
import type { NatsTlsOptions } from '../../src/nats/index.js'
import { connectOnce, refusalOf } from '../support/assertions/nats-refusals.js'
import { CERTIFICATES_SKIP, makeAuthority } from '../support/processes/certificates.js'
import { temporaryDirectory } from '../support/processes/command.js'
import { startSink } from '../support/processes/fleet.js'
import { makeOperator } from '../support/processes/nats-operator.js'
import { HANDSHAKE_SECONDS_MAX, NATS_SKIP, NatsServer } from '../support/processes/nats-server.js'
import { waitUntil } from '../support/processes/wait-until.js'

const TIMEOUT_MS = 1_000
const TIMEOUT = `timeout: ${HANDSHAKE_SECONDS_MAX}`
const REFUSED =
  /^NATS_FAILED nats: expected a connection to nats:.*Authorization Violation.*credentials/

test('users, tokens and nkeys that the server knows are accepted, and no others', {
  skip: NATS_SKIP,
}, async (context) => {
  const user = nkeys.createUser()
  const users = `{ user: alice, password: secret }, { nkey: ${user.getPublicKey()} }`
  const server = await NatsServer.start(context, {
    config: `authorization { ${TIMEOUT}, users: [${users}] }`,
  })
  const servers = server.url
  const nkeySeed = new TextDecoder().decode(user.getSeed())
  await connectOnce({ servers, user: 'alice', password: 'secret' })
  await connectOnce({ servers, nkeySeed })
  const other = new TextDecoder().decode(nkeys.createUser().getSeed())
  const credentials = [
    {},
    { user: 'alice', password: 'other' },
    { nkeySeed: other },
    { token: 's' },
  ]
  for (const each of credentials) {
    assert.match(await refusalOf(connectOnce({ servers, ...each })), REFUSED)
  }
  const tokens = await NatsServer.start(context, {
    config: `authorization { ${TIMEOUT}, token: "t-1" }`,
  })
  await connectOnce({ servers: tokens.url, token: 't-1' })
  assert.match(await refusalOf(connectOnce({ servers: tokens.url, token: 't-2' })), REFUSED)
})

test('a file of credentials is accepted where the server trusts their operator', {
  skip: NATS_SKIP,
}, async (context) => {
  const [operator, other] = await Promise.all([makeOperator(), makeOperator()])
  const { url: servers } = await NatsServer.start(context, { config: operator.config })
  const directory = temporaryDirectory(context)
  const fileOf = (name: string, content: Uint8Array | string): string => {
    const file = join(directory, name)
    writeFileSync(file, content)
    return file
  }
  await connectOnce({ servers, credsFile: fileOf('own', await operator.userCreds()) })
  const otherFile = fileOf('other', await other.userCreds())
  assert.match(await refusalOf(connectOnce({ servers, credsFile: otherFile })), REFUSED)
  assert.match(await refusalOf(connectOnce({ servers })), REFUSED)
  assert.match(
    await refusalOf(connectOnce({ servers, credsFile: fileOf('none', 'no JWT') })),
    /^NATS_FAILED .*unable to parse credentials.*check .*credentials/,
  )
  assert.match(
    await refusalOf(connectOnce({ servers, credsFile: join(directory, 'absent') })),
    /^FILE_FAILED credsFile: expected a readable file, got ENOENT/,
  )
})

test('credentials that were replaced are used by the next connection', {
  skip: NATS_SKIP,
}, async (context) => {
  const [operator, next] = await Promise.all([makeOperator(), makeOperator()])
  const server = await NatsServer.start(context, { config: operator.config })
  const credsFile = join(temporaryDirectory(context), 'engine.creds')
  writeFileSync(credsFile, await operator.userCreds())
  const nats = await startSink(context, { servers: server.url, instance: 'a', credsFile })
  // Without a file, the connection uses the credentials that it has read.
  rmSync(credsFile)
  await server.kill()
  await waitUntil('away', () => !nats.health.connected)
  await server.restart()
  await waitUntil('back', () => nats.health.connected)
  await server.kill()
  await waitUntil('away', () => !nats.health.connected)
  await server.restart({ config: next.config })
  writeFileSync(`${credsFile}.next`, await next.userCreds())
  renameSync(`${credsFile}.next`, credsFile)
  await waitUntil('back with others', () => nats.health.connected)
})

test('required TLS is used, or nothing is sent', {
  skip: NATS_SKIP || CERTIFICATES_SKIP,
}, async (context) => {
  const plain = await NatsServer.start(context)
  assert.match(
    await refusalOf(connectOnce({ servers: plain.url, tls: true })),
    /^NATS_FAILED .*server does not support 'tls'/,
  )
  const authority = makeAuthority(context)
  const { certFile, keyFile } = authority.sign('localhost')
  const config = `tls { ${TIMEOUT}, cert_file: "${certFile}", key_file: "${keyFile}" }`
  const secure = await NatsServer.start(context, { config })
  const servers = secure.url.replace('127.0.0.1', 'localhost')
  await connectOnce({ servers, tls: { caFile: authority.certFile } })
  assert.match(
    await refusalOf(connectOnce({ servers, tls: true })),
    /^NATS_FAILED .*unable to verify the first certificate/,
  )
})

test('a certificate of an authority that the server trusts is accepted, and no other', {
  skip: NATS_SKIP || CERTIFICATES_SKIP,
}, async (context) => {
  const [authority, other] = [makeAuthority(context), makeAuthority(context)]
  const host = authority.sign('localhost')
  const files = `cert_file: "${host.certFile}", key_file: "${host.keyFile}"`
  const config = `tls { ${TIMEOUT}, ${files}, ca_file: "${authority.certFile}", verify: true }`
  const server = await NatsServer.start(context, { config })
  const servers = server.url.replace('127.0.0.1', 'localhost')
  const caFile = authority.certFile
  const { certFile, keyFile } = authority.sign('engine')
  await connectOnce({ servers, tls: { caFile, certFile, keyFile } })
  const refusal = async (tls: NatsTlsOptions, timeoutMs?: number) => {
    return refusalOf(connectOnce({ servers, tls, ...(timeoutMs !== undefined && { timeoutMs }) }))
  }
  // The server rejects these after the handshake, and the client gets no error.
  for (const tls of [{ caFile }, { caFile, ...other.sign('engine') }]) {
    assert.match(
      await refusal(tls, TIMEOUT_MS),
      /^NATS_FAILED .* got timeout; .* with a certificate where the server verifies those of clients$/,
    )
  }
  const refused = [
    [{ caFile, certFile, keyFile: other.keyFile }, /key values mismatch/],
    [{ caFile: other.certFile, certFile, keyFile }, /unable to verify the first certificate;/],
    [{ caFile, certFile: `${certFile}.absent`, keyFile }, /absent doesn't exist/],
  ] as const
  for (const [tls, message] of refused) {
    const text = await refusal(tls)
    assert.match(text, /^NATS_FAILED nats: expected a connection to nats:/)
    assert.match(text, message)
  }
})
