import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { EngineAggregator } from '../../src/index.js'

test('a callback that throws causes one warning and no failure', async (context) => {
  // Keeps the process alive, since the ports of an aggregator do not.
  const timer = setInterval(() => {}, 1_000)
  context.after(() => clearInterval(timer))
  const fail = () => {
    throw new Error('not mine')
  }
  const warning = once(process, 'warning')
  const aggregator = new EngineAggregator({ onRejected: fail, log: fail })
  const { port } = aggregator.connect(0)
  port.postMessage('no report')
  port.postMessage('none either')
  const [{ message, name }] = await warning
  assert.equal(name, 'MoonmeterWarning')
  assert.equal(message, 'onRejected threw: not mine')
  const rows = Buffer.from(
    '81a26f709182b06475726174696f6e5f7365636f6e647301a86e756d5f6b65797301',
    'hex',
  )
  assert.deepEqual(aggregator.ingest(rows, { engine: 1 }), { accepted: true })
  assert.equal(aggregator.ingest(Buffer.from('c1', 'hex'), { engine: 1 }).accepted, false)
  await aggregator.close()
  assert.match(await aggregator.registry.metrics(), /rejected_total\{reason="malformed"\} 1\n/)
})
