import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Child } from '../support/processes/child.js'

const INDEX = new URL('../../src/index.js', import.meta.url)
const ENGINE = new URL('../support/engines/pool-engine.js', import.meta.url)

// A thread that is terminated while `require` links a module ends the process on Node 20 and 22.
// The moment is too short to be met in a test, so the test is that there is none.
test('no thread of a pool loads a module by require, so that stopping it is safe at any moment', async (context) => {
  const script = `
    import { EngineAggregator, EnginePool } from '${INDEX}'
    const aggregator = new EngineAggregator()
    const filename = new URL('${ENGINE}')
    const pool = new EnginePool({ aggregator, filename, engines: 1, task: () => ({ rows: 1 }) })
    const [{ state }] = await pool.run()
    console.log(state)
    await pool.stop()`
  const trace = '--trace-require-module=all'
  const args = [trace, '--input-type=module', '--eval', script]
  const child = new Child(context, process.execPath, args)
  const { code, stdout, stderr } = await child.end()
  assert.deepEqual([code, stdout], [0, 'finished\n'], stderr)
  assert.doesNotMatch(stderr, /engine-thread|require\(\)/)
})
