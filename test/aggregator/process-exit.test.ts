import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Child } from '../support/processes/child.js'

/** A process that something keeps alive is killed by then. */
const LIFE_MS_MAX = 60_000
const INDEX = new URL('../../src/index.js', import.meta.url)
const RECORDER = new URL('../../src/recorder/index.js', import.meta.url)

/** The output of a module that runs in a separate process until it exits. */
async function outputOf(
  context: ConstructorParameters<typeof Child>[0],
  source: string,
): Promise<string> {
  const script = `import * as moonmeter from '${INDEX}'
    import * as engine from '${RECORDER}'
    ${source}`
  const args = ['--input-type=module', '--eval', script]
  const child = new Child(context, process.execPath, args, { lifeMsMax: LIFE_MS_MAX })
  const { code, stdout, stderr } = await child.end()
  assert.equal(code, 0, stderr)
  return stdout
}

test('an aggregator with a recorder on its thread does not keep the process alive', async (context) => {
  const output = await outputOf(
    context,
    `const aggregator = new moonmeter.EngineAggregator({ log: console.log })
    const recorder = engine.createRecorder(aggregator.connect(0))
    recorder.record('op', 1, 1)
    recorder.report()
    recorder.signal
    console.log(aggregator.stats().rows)`,
  )
  assert.equal(output, '1\n')
})

test('a pool with invalid options, or one that was stopped, does not keep the process alive', async (context) => {
  const output = await outputOf(
    context,
    `const aggregator = new moonmeter.EngineAggregator()
    const options = { aggregator, filename: '/no/such/file.js', engines: 2 }
    try {
      new moonmeter.EnginePool({ ...options, restart: { delayMsMin: -1 } })
    } catch (error) {
      console.log(error.code)
    }
    const pool = new moonmeter.EnginePool({ ...options, restart: { restartsMax: 0 } })
    const outcomes = await pool.run()
    console.log(outcomes.map(({ state }) => state).join())
    await pool.stop()
    await aggregator.close()`,
  )
  assert.equal(output, 'INVALID_OPTION\nfailed,failed\n')
})
