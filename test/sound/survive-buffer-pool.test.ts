import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Child } from '../support/processes/child.js'

const INDEX = new URL('../../src/index.js', import.meta.url)
const FOREIGN_BYTES = 1_000

/** A process of its own, since the size of Node's slabs is set before they are made. */
const source = (poolSize: number) => `
  Buffer.poolSize = ${poolSize}
  const { createServer } = await import('node:http')
  const { EngineAggregator, metricsHandler } = await import('${INDEX}')
  const others = []
  const takeOthers = () => {
    for (let count = 0; count < 300; count++) {
      others.push(Buffer.allocUnsafe(${FOREIGN_BYTES}).fill('#'), Buffer.from('#'.repeat(50)))
    }
  }
  takeOthers()
  const aggregator = new EngineAggregator()
  for (let engine = 0; engine < 200; engine++) aggregator.noteRestart(engine, 'exit')
  // Its text comes as a Buffer, which may lie in a slab of Node's.
  const small = {
    registry: { contentType: 'text/plain', registerMetric() {}, metrics: async () => 'a 1\\n' },
  }
  for (const served of [aggregator, small]) {
    const server = createServer(metricsHandler(served)).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    for (let scrape = 0; scrape < 5; scrape++) {
      const url = 'http://127.0.0.1:' + server.address().port
      for (const path of ['/metrics', '/healthz', '/nowhere']) await (await fetch(url + path)).text()
      await aggregator.registry.metrics()
      takeOthers()
    }
    server.close()
    server.closeAllConnections()
  }
  const changed = others.filter((other) => other.some((byte) => byte !== 35)).length
  console.log(others.length + ' buffers, ' + changed + ' changed')
`

for (const poolSize of [2 ** 18, 2 ** 18 + 8, 2 ** 20]) {
  test(`no scrape writes to memory of others with Buffer.poolSize ${poolSize}`, async (context) => {
    const args = ['--input-type=module', '--eval', source(poolSize)]
    const { stdout, stderr } = await new Child(context, process.execPath, args).end()
    assert.equal(stdout, '6600 buffers, 0 changed\n', stderr)
  })
}
