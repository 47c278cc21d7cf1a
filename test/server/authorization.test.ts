import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type AuthorizationOptions, EngineAggregator, metricsHandler } from '../../src/index.js'
import { failure } from '../support/assertions/failures.js'
import { serve } from '../support/processes/servers.js'

const TOKEN = 'a token of 32 letters, more or less'
const BASIC = { username: 'prometheus', password: 'pass:wörd' } as const
const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}
const CHUNK = Buffer.alloc(16_384, 0x61)
const BODY_BYTES_MAX = 64 * 2 ** 20

async function guarded(context: TestContext, options: AuthorizationOptions): Promise<string> {
  const aggregator = new EngineAggregator()
  context.after(() => aggregator.close())
  return serve(context, metricsHandler(aggregator, options))
}

function basic({ username, password }: { username: string; password: string }, scheme = 'Basic') {
  return `${scheme} ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

async function statusOf(url: string, authorization?: string, method = 'GET'): Promise<number> {
  const headers = authorization === undefined ? {} : { authorization }
  const response = await fetch(url, { method, headers })
  await response.text()
  return response.status
}

test('the exact bearer token is required, and the scheme is case-insensitive', async (context) => {
  const url = `${await guarded(context, { bearerToken: TOKEN })}/metrics`
  for (const scheme of ['Bearer', 'bearer', 'BEARER', 'bEaReR']) {
    assert.equal(await statusOf(url, `${scheme} ${TOKEN}`), 200, scheme)
    assert.equal(await statusOf(url, `${scheme}  ${TOKEN}`), 200, `${scheme} and two spaces`)
  }
  const wrong = [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    TOKEN,
    `Bearer${TOKEN}`,
    `Bearer ${TOKEN.slice(0, -1)}`,
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.toUpperCase()}`,
    `Bearer Bearer ${TOKEN}`,
    `Basic ${TOKEN}`,
    `Basic ${Buffer.from(TOKEN).toString('base64')}`,
    `Digest ${TOKEN}`,
    `Bearer ${'x'.repeat(8_000)}`,
  ]
  for (const authorization of wrong)
    assert.equal(await statusOf(url, authorization), 401, authorization)
  assert.equal(await statusOf(`${url}?token=${encodeURIComponent(TOKEN)}`), 401)
})

test('the exact user and password in UTF-8 are required, and the scheme is case-insensitive', async (context) => {
  const url = `${await guarded(context, { basicAuth: BASIC })}/metrics`
  for (const scheme of ['Basic', 'basic', 'BASIC']) {
    assert.equal(await statusOf(url, basic(BASIC, scheme)), 200, scheme)
  }
  const wrong = [
    undefined,
    'Basic',
    `Basic ${BASIC.username}:x`,
    basic({ ...BASIC, password: 'pass' }),
    basic({ ...BASIC, password: '' }),
    basic({ ...BASIC, username: '' }),
    basic({ ...BASIC, username: 'Prometheus' }),
    basic({ username: `${BASIC.username}:pass`, password: 'wörD' }),
    basic(BASIC).slice(0, -2),
    basic(BASIC, 'Bearer'),
    `Basic ${Buffer.from(`${BASIC.username}:${BASIC.password}`, 'latin1').toString('base64')}`,
  ]
  for (const authorization of wrong)
    assert.equal(await statusOf(url, authorization), 401, authorization)
})

test('with both a token and a password either is accepted, each only in its own scheme', async (context) => {
  const url = `${await guarded(context, { bearerToken: TOKEN, basicAuth: BASIC })}/metrics`
  assert.equal(await statusOf(url, `Bearer ${TOKEN}`), 200)
  assert.equal(await statusOf(url, basic(BASIC)), 200)
  assert.equal(await statusOf(url, `Bearer ${BASIC.password}`), 401)
  assert.equal(await statusOf(url, basic({ ...BASIC, password: TOKEN })), 401)
  assert.equal(await statusOf(url), 401)
})

test('a 401 has a challenge for each accepted scheme', async (context) => {
  const bearer = 'Bearer realm="moonmeter"'
  const basicChallenge = 'Basic realm="moonmeter", charset="UTF-8"'
  for (const [options, challenges] of [
    [{ bearerToken: TOKEN }, [bearer]],
    [{ basicAuth: BASIC }, [basicChallenge]],
    [{ bearerToken: TOKEN, basicAuth: BASIC }, [bearer, basicChallenge]],
  ] as const) {
    const response = await fetch(`${await guarded(context, options)}/metrics`)
    const text = await response.text()
    assert.equal(response.status, 401)
    assert.equal(response.headers.get('www-authenticate'), challenges.join(', '))
    assert.equal(text, 'unauthorized: expected a token or a password\n')
  }
})

test('/healthz needs no credentials, and HEAD needs the same as GET', async (context) => {
  const url = await guarded(context, { bearerToken: TOKEN })
  for (const method of ['GET', 'HEAD']) {
    assert.equal(await statusOf(`${url}/healthz`, undefined, method), 200)
    assert.equal(await statusOf(`${url}/healthz`, 'Bearer wrong', method), 200)
    assert.equal(await statusOf(`${url}/metrics`, undefined, method), 401)
    assert.equal(await statusOf(`${url}/metrics`, `Bearer ${TOKEN}`, method), 200)
  }
  // Wrong methods and paths are reported before credentials are checked.
  assert.equal(await statusOf(`${url}/metrics`, undefined, 'POST'), 405)
  assert.equal(await statusOf(`${url}/nowhere`), 404)
})

test('an empty secret, or one that is not a string, is an invalid option', async () => {
  const aggregator = new EngineAggregator()
  for (const options of [
    { bearerToken: '' },
    { bearerToken: null },
    { bearerToken: 5 },
    { basicAuth: { username: 'a', password: '' } },
    { basicAuth: { username: 'a' } },
    { bearer: TOKEN },
  ] as object[]) {
    const make = () => metricsHandler(aggregator, options)
    assert.throws(make, failure('INVALID_OPTION'), JSON.stringify(options))
  }
  await aggregator.close()
})

test('every response has the security headers', async (context) => {
  const url = await guarded(context, { bearerToken: TOKEN })
  const failing = {
    registry: {
      contentType: 'text/plain',
      registerMetric() {},
      metrics: async () => Promise.reject(new Error('secret at /etc/shadow')),
    },
  }
  const failingUrl = await serve(context, metricsHandler(failing))
  const cases = [
    [`${url}/metrics`, 200, 'GET'],
    [`${url}/metrics`, 200, 'HEAD'],
    [`${url}/metrics`, 405, 'POST'],
    [`${url}/healthz`, 200, 'GET'],
    [`${url}/nowhere`, 404, 'GET'],
    [`${failingUrl}/metrics`, 500, 'GET'],
  ] as const
  for (const [address, status, method] of cases) {
    const headers = { authorization: `Bearer ${TOKEN}` }
    const response = await fetch(address, { method, headers })
    const text = await response.text()
    assert.equal(response.status, status)
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
      assert.equal(response.headers.get(name), value, `${name} of ${status}`)
    }
    assert.equal(response.headers.get('x-powered-by'), null)
    if (status !== 200) assert.doesNotMatch(text, /secret|Error|\bat .*:\d+/)
  }
  const unauthorized = await fetch(`${url}/metrics`)
  assert.equal(unauthorized.status, 401)
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
    assert.equal(unauthorized.headers.get(name), value, `${name} of 401`)
  }
})

test('a request with an endless body gets a response, and its connection is closed', async (context) => {
  const url = new URL(await guarded(context, { bearerToken: TOKEN }))
  for (const head of [
    'POST /metrics HTTP/1.1',
    'GET /metrics HTTP/1.1',
    'POST /nowhere HTTP/1.1',
    'PUT /healthz HTTP/1.1',
  ]) {
    for (const length of ['transfer-encoding: chunked', `content-length: ${2 ** 40}`]) {
      const socket = connect(Number(url.port), url.hostname)
      context.after(() => socket.destroy())
      let received = ''
      let sent = 0
      socket.setEncoding('latin1').on('data', (text) => {
        received += text
      })
      // Writing to a connection that the server has closed can emit an error.
      socket.on('error', () => {})
      const closed = new Promise((resolve) => {
        socket.on('close', resolve)
      })
      await once(socket, 'connect')
      socket.write(`${head}\r\nhost: x\r\n${length}\r\n\r\n`)
      const chunk = Buffer.concat([Buffer.from('4000\r\n'), CHUNK, Buffer.from('\r\n')])
      const write = () => {
        while (!socket.destroyed && sent < BODY_BYTES_MAX) {
          sent += chunk.length
          if (!socket.write(chunk)) return
        }
      }
      socket.on('drain', write)
      write()
      await closed
      const what = `${head}, ${length}: ${sent} bytes sent`
      assert.match(received, /^HTTP\/1\.1 (200|401|404|405) /, what)
      assert.match(received, /\r\nconnection: close\r\n/i, what)
      assert.ok(sent < BODY_BYTES_MAX, what)
    }
  }
})

test('a Node client that keeps sending a body gets its response', async (context) => {
  const url = await guarded(context, {})
  let responses = 0
  const attempts = 20
  for (let attempt = 0; attempt < attempts; attempt++) {
    const sending = request(`${url}/metrics`, { method: 'POST' })
    const write = () => {
      while (!sending.destroyed && sending.write(CHUNK)) {}
    }
    sending.on('drain', write)
    const status = new Promise<number | undefined>((resolve) => {
      sending.on('response', (response) => resolve(response.resume().statusCode))
      sending.on('error', () => resolve(undefined))
    })
    write()
    if ((await status) === 405) responses++
    sending.destroy()
  }
  console.log(`POST with an endless body: ${responses} of ${attempts} clients got a response`)
  assert.equal(responses, attempts)
})
