import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect } from '@nats-io/transport-node'
import { natsSink } from '../../src/nats/index.js'
import { freePort } from '../support/processes/free-port.js'
import { localHost } from '../support/processes/host.js'
import { NATS_SKIP } from '../support/processes/nats-server.js'

const TIMEOUT_MS = 3_000
/** Errors of JetStream, as it describes them. */
const UNAVAILABLE = { code: 503, err_code: 10_008, description: 'temporarily unavailable' }
const OVERLAPPING = { code: 400, err_code: 10_065, description: 'subjects overlap' }
const NOT_ENABLED = { code: 503, err_code: 10_039, description: 'planted: not enabled' }

test('requests are repeated during an election or while another client makes the bucket, and other failures are final', {
  skip: NATS_SKIP,
}, async (context) => {
  // A server without JetStream; the test answers the requests.
  const port = await freePort()
  const server = localHost(context).start('nats-server', ['-a', '127.0.0.1', '-p', `${port}`])
  await server.waitForStderr(/Server is ready/)
  const servers = `nats://127.0.0.1:${port}`
  const connection = await connect({ servers })
  context.after(() => connection.close())
  const answers = [undefined, UNAVAILABLE, OVERLAPPING, NOT_ENABLED]
  connection.subscribe('$JS.API.>', {
    callback: (_, message) => {
      const error = answers.shift()
      if (error !== undefined) message.respond(JSON.stringify({ error }))
    },
  })
  await connection.flush()
  await assert.rejects(
    natsSink({ servers, instance: 'a', timeoutMs: TIMEOUT_MS }),
    /^MoonmeterError: .*expected a usable bucket of JetStream, got planted: not enabled/,
  )
  assert.deepEqual(answers, [])
})
