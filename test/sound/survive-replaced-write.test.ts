import assert from 'node:assert/strict'
import type { RequestListener, ServerResponse } from 'node:http'
import { test } from 'node:test'
import { EngineAggregator, MooncakeStoreConnectorStats, metricsHandler } from '../../src/index.js'
import { ask } from '../support/processes/ask.js'
import { makeDashboard, PAGE } from '../support/processes/dashboards.js'
import { openStream } from '../support/processes/event-stream.js'
import { serve } from '../support/processes/servers.js'
import { waitUntil } from '../support/processes/wait-until.js'

const ROWS = MooncakeStoreConnectorStats.fromRows({
  load_get: [{ duration_seconds: 0.002, num_keys: 1 }],
  save_put: [{ duration_seconds: 0.002, num_keys: 1 }],
  save_exists: [{ duration_seconds: 0.002, num_keys: 1 }],
}).toPayload()

/** As in applications that log the bodies of responses: their `write` returns nothing. */
function collectBody(response: ServerResponse): void {
  const chunks: unknown[] = []
  const { write } = response
  response.write = ((...args: Parameters<typeof write>) => {
    chunks.push(args[0])
    Reflect.apply(write, response, args)
  }) as typeof write
}

function collecting(handler: RequestListener): RequestListener {
  return (request, response) => {
    collectBody(response)
    handler(request, response)
  }
}

for (const [what, engines] of [
  ['small', 1],
  // Some 8 KB of text each: more than the buffers of a connection hold.
  ['large', 1_000],
] as const) {
  test(`a ${what} response is complete although an application has replaced its write`, async (context) => {
    const aggregator = new EngineAggregator()
    context.after(() => aggregator.close())
    for (let engine = 0; engine < engines; engine++) aggregator.ingest(ROWS, { engine })
    const responses: ServerResponse[] = []
    const handler = collecting(metricsHandler(aggregator))
    const url = await serve(context, (request, response) => {
      responses.push(response)
      handler(request, response)
    })
    const { status, body } = await ask(`${url}/metrics`)
    assert.equal(status, 200)
    // The times of the last reports vary.
    const linesOf = (text: string) => text.split('\n').filter((line) => line !== '').length
    assert.equal(linesOf(body.toString()), linesOf(await aggregator.registry.metrics()))
    await waitUntil('the end', () => responses[0]?.writableFinished)
  })
}

test('the page and its stream are complete although an application has replaced their write', async (context) => {
  const { handler, pass } = await makeDashboard(context)
  const url = await serve(context, collecting(handler))
  assert.equal((await ask(url)).body.toString(), PAGE['index.html'])
  const stream = await openStream(context, `${url}/live`)
  await stream.waitFor(2)
  await pass()
  await stream.waitFor(3)
  assert.deepEqual(stream.names, ['hello', 'update', 'update'])
})
