import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Child } from '../support/processes/child.js'

const INDEX = new URL('../../src/index.js', import.meta.url).href

test('callbacks whose promises are rejected do not end the process, and cause one warning each', async (context) => {
  const script = `import { EngineAggregator } from '${INDEX}'
    const foreign = (value) => async () => { throw value }
    const aggregator = new EngineAggregator({
      logIntervalMs: 5,
      log: foreign(Object.create(null)),
      onRejected: foreign({ constructor: { name: { toString: null } }, get message() { throw 1 } }),
    })
    const row = Uint8Array.from(Buffer.from(
      '81a26f709182b06475726174696f6e5f7365636f6e647301a86e756d5f6b65797301', 'hex'))
    aggregator.ingest(row, { engine: 0 })
    for (let time = 0; time < 3; time++) aggregator.ingest(row.subarray(1), { engine: 0 })
    await new Promise((resolve) => setTimeout(resolve, 30))
    console.log(aggregator.stats().rows)
    await aggregator.close()
    setTimeout(() => console.log('alive'), 10)`
  const args = ['--unhandled-rejections=strict', '--input-type=module', '--eval', script]
  const { code, stdout, stderr } = await new Child(context, process.execPath, args).end()
  assert.deepEqual([code, stdout], [0, '1\nalive\n'], stderr)
  assert.equal(stderr.match(/MoonmeterWarning: log threw: an object/g)?.length, 1, stderr)
  assert.equal(stderr.match(/MoonmeterWarning: onRejected threw: an object/g)?.length, 1, stderr)
})
