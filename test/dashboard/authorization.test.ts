import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { DashboardOptions } from '../../src/dashboard/dashboard-options.js'
import { ask } from '../support/processes/ask.js'
import { makeDashboard } from '../support/processes/dashboards.js'
import { openStream } from '../support/processes/event-stream.js'
import { serve } from '../support/processes/servers.js'

const BASIC = { basicAuth: { username: 'user', password: 'password' } }
const BEARER = { bearerToken: 'secret' }
const WITH_BASIC = { authorization: `Basic ${Buffer.from('user:password').toString('base64')}` }
const WITH_BEARER = { authorization: 'Bearer secret' }
const BASIC_CHALLENGE = 'Basic realm="moonmeter", charset="UTF-8"'
const BEARER_CHALLENGE = 'Bearer realm="moonmeter"'

async function start(context: TestContext, options: DashboardOptions): Promise<string> {
  const { handler } = await makeDashboard(context, options)
  return serve(context, handler)
}

/** Status and challenge of the page's files and of the stream. */
async function answersOf(context: TestContext, url: string, headers = {}) {
  const files = []
  for (const path of ['/', '/page.js', '/page.css']) {
    const { status, headers: received } = await ask(url + path, headers)
    files.push([status, received['www-authenticate']])
  }
  const { response } = await openStream(context, `${url}/live`, headers)
  const { statusCode, headers: received } = response
  response.destroy()
  assert.deepEqual(files[1], files[0])
  assert.deepEqual(files[2], files[0])
  return { page: files[0], stream: [statusCode, received['www-authenticate']] }
}

const OPEN = [200, undefined]

for (const [name, options, page, stream, allowed] of [
  ['none', {}, OPEN, OPEN, [{}, WITH_BASIC]],
  ['basic', BASIC, [401, BASIC_CHALLENGE], [401, BASIC_CHALLENGE], [WITH_BASIC]],
  // The user enters the token on the page, since browsers send no token with the request for a
  // page.
  ['bearer', BEARER, OPEN, [401, BEARER_CHALLENGE], [WITH_BEARER]],
  // With a challenge for a password, the browser would open its own dialog.
  ['both', { ...BASIC, ...BEARER }, OPEN, [401, BEARER_CHALLENGE], [WITH_BEARER, WITH_BASIC]],
] as const) {
  test(`credentials ${name}: which requests require them, and the challenge`, async (context) => {
    const url = await start(context, options)
    assert.deepEqual(await answersOf(context, url), { page, stream })
    const wrong = { authorization: 'Bearer wrong' }
    assert.deepEqual(await answersOf(context, url, wrong), { page, stream })
    for (const headers of allowed) {
      assert.deepEqual(await answersOf(context, url, headers), { page: OPEN, stream: OPEN })
    }
  })
}

test('a stream without credentials does not count towards streamsMax', async (context) => {
  const url = await start(context, { ...BEARER, streamsMax: 1 })
  for (let count = 0; count < 3; count++) assert.equal((await ask(`${url}/live`)).status, 401)
  const { response } = await openStream(context, `${url}/live`, WITH_BEARER)
  assert.equal(response.statusCode, 200)
  assert.equal((await ask(`${url}/live`, WITH_BEARER)).status, 503)
  assert.equal((await ask(`${url}/live`)).status, 401)
})
