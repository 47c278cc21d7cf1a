import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { metricsHandler } from '../../src/index.js'
import { serve } from '../support/processes/servers.js'
import { textSource } from '../support/processes/text-source.js'

const RESPONSES_MAX = 2

test('clients that disconnected before the handler was called do not count as responses', async (context) => {
  const source = textSource(() => 'metrics 1\n')
  const answer = metricsHandler(source, { responsesMax: RESPONSES_MAX })
  let left = 0
  const url = await serve(context, async (request, response) => {
    // As a check of a token in a data base does, to which the client does not wait for an answer.
    if (request.url === '/metrics?leave') await once(response, 'close')
    answer(request, response)
    left++
  })
  const { hostname, port } = new URL(url)
  for (let client = 0; client < 2 * RESPONSES_MAX; client++) {
    const socket = connect(Number(port), hostname)
    socket.write('GET /metrics?leave HTTP/1.1\r\nhost: a\r\n\r\n', () =>
      setTimeout(() => socket.destroy(), 20),
    )
    await once(socket, 'close')
  }
  while (left < 2 * RESPONSES_MAX) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.equal(source.renderings, 0)
  const response = await fetch(`${url}/metrics`)
  assert.equal(response.status, 200)
  assert.equal(await response.text(), 'metrics 1\n')
})

test('responses that were already sent when the handler is called do not count', async (context) => {
  const source = textSource(() => 'metrics 1\n')
  const answer = metricsHandler(source, { responsesMax: RESPONSES_MAX, onError: () => {} })
  const url = await serve(context, async (request, response) => {
    if (request.url === '/metrics?sent') {
      response.end('of another')
      await once(response, 'close')
    }
    answer(request, response)
  })
  for (let client = 0; client < 2 * RESPONSES_MAX; client++) {
    const response = await fetch(`${url}/metrics?sent`)
    assert.equal(await response.text(), 'of another')
  }
  const response = await fetch(`${url}/metrics`)
  assert.equal(response.status, 200)
  assert.equal(await response.text(), 'metrics 1\n')
})
