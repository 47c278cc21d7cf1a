import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { EngineAggregator, listen, metricsHandler } from '../../src/index.js'
import type { Random } from '../../src/simulate/random.js'
import { MIB, memoryInUse, mib } from '../support/assertions/memory.js'
import { integer, pick } from '../support/generators/draws.js'
import { forEachCase } from '../support/generators/for-each-case.js'
import { requestBytes } from '../support/generators/http-bytes.js'
import { reportBytes } from '../support/generators/reports.js'
import { openClient, parseResponses } from '../support/processes/raw-client.js'
import { serve } from '../support/processes/servers.js'
import { waitUntil } from '../support/processes/wait-until.js'

/** Maximum number of open connections of earlier cases. */
const OPEN_MAX = 30
const ENGINES = 150
const GROWTH_MAX = 60 * MIB
const LIMITS = { stallTimeoutMs: 300, responseTimeoutMs: 2_000 }
const SCRAPE = 'GET /metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'

const connectionsOpen = () =>
  process.getActiveResourcesInfo().filter((name) => /^TCPS(erverW|ocketW)rap$/.test(name)).length

/** A server by `listen`, one with a bare handler, and the text that both serve. */
async function startServers(context: TestContext) {
  const aggregator = new EngineAggregator({ silentAfterMs: 1e9 })
  context.after(() => aggregator.close())
  for (let engine = 0; engine < ENGINES; engine++) aggregator.ingest(reportBytes({ engine }))
  const server = await listen(aggregator, { port: 0, ...LIMITS })
  context.after(() => server.close())
  const bare = await serve(context, metricsHandler(aggregator, LIMITS))
  return { urls: [server.url, bare], text: await aggregator.registry.metrics() }
}

/** Sends hostile bytes in pieces, and reads or disconnects like a hostile client. */
async function attack(random: Random, url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const allowHalfOpen = random.below(2) === 0
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen })
  // Servers close such connections, and some at the limit.
  socket.on('error', () => {})
  const reading = pick(random, ['all', 'none', 'slowly'])
  if (reading === 'none') socket.pause()
  else if (reading === 'all') socket.resume()
  else {
    socket.on('data', () => {
      socket.pause()
      setTimeout(() => socket.resume(), 20)
    })
  }
  const bytes = requestBytes(random)
  for (let at = 0; at < bytes.length; ) {
    const length = random.below(2) === 0 ? bytes.length : integer(random, 1, bytes.length)
    socket.write(bytes.subarray(at, at + length))
    at += length
    if (random.below(3) === 0) await turn()
  }
  const ending = pick(random, ['end', 'destroy', 'reset', 'leave', 'leave'])
  if (ending === 'end') socket.end()
  else if (ending === 'destroy') socket.destroy()
  else if (ending === 'reset') socket.resetAndDestroy()
  return socket
}

/** Waits for a complete and correct scrape; the server may be busy at first. */
async function assertServed(context: Pick<TestContext, 'after'>, url: string, text: string) {
  await waitUntil('a scrape', async () => {
    const { socket, closed } = openClient(context, url)
    socket.write(SCRAPE)
    const [response] = parseResponses(await closed)
    if (response?.status !== 200)
      return response === undefined || response.status === 503
        ? false
        : assert.fail(response.headers)
    return response.body.toString() === text || assert.fail('another text')
  })
}

test('no bytes and no client prevent the next scrape, and nothing accumulates', async (context) => {
  const warnings: string[] = []
  const listener = ({ message }: Error) => warnings.push(message)
  process.on('warning', listener)
  context.after(() => process.off('warning', listener))
  const { urls, text } = await startServers(context)
  const clients: Socket[] = []
  const after: (() => void)[] = []
  const cleaning = { after: (clean: () => void) => void after.push(clean) }
  for (const url of urls) await assertServed(cleaning, url, text)
  const [openBefore, memoryBefore] = [connectionsOpen(), await memoryInUse()]
  await forEachCase({ cases: 250 }, async (random) => {
    const url = pick(random, urls)
    clients.push(await attack(random, url))
    if (clients.length > OPEN_MAX) clients.shift()?.destroy()
    await assertServed(cleaning, url, text)
    for (const clean of after.splice(0)) clean()
  })
  for (const client of clients) client.destroy()
  await waitUntil('the end of all connections', () => connectionsOpen() <= openBefore)
  const growth = (await memoryInUse()).heap - memoryBefore.heap
  assert.ok(growth < GROWTH_MAX, mib(growth))
  assert.deepEqual(warnings, [])
})
