import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadedFiles } from '../support/processes/loaded-files.js'

/** What the recorder needs of msgpackr: its entries without the native part, and what they import. */
const MSGPACKR = ['index', 'pack', 'unpack', 'iterators', 'stream', 'struct']
/** What only the command, a pool or a framework needs, and the native part of msgpackr. */
const NOT_OF_MAIN = ['commander', 'fastify', 'msgpackr-extract', 'pino', 'piscina']
const START_POOL = `async ({ EngineAggregator, EnginePool }) => {
  const aggregator = new EngineAggregator()
  await new EnginePool({ aggregator, filename: 'file:///engine.js', engines: 1 }).stop()
  await aggregator.close()
}`

test('an engine thread loads one file of ours, the errors and msgpackr without its native part', async () => {
  const files = await loadedFiles('moonmeter/recorder')
  const ours = files.filter((file) => !file.startsWith('node_modules/'))
  assert.deepEqual(ours.sort(), ['dist/src/errors.js', 'dist/src/recorder/bundle.js'])
  const allowed = MSGPACKR.map((name) => `node_modules/msgpackr/${name}.js`)
  const others = files.filter((file) => file.startsWith('node_modules/'))
  assert.ok(others.includes('node_modules/msgpackr/pack.js'))
  assert.deepEqual(
    others.filter((file) => !allowed.includes(file)),
    [],
  )
})

test('the main thread loads no package of the command, a pool or a framework', async () => {
  const packages = packagesOf(await loadedFiles('moonmeter'))
  assert.ok(packages.includes('msgpackr'), packages.join(', '))
  assert.deepEqual(
    packages.filter((name) => NOT_OF_MAIN.includes(name)),
    [],
  )
})

test('the main thread loads Piscina with its first pool', async () => {
  const packages = packagesOf(await loadedFiles('moonmeter', START_POOL))
  assert.ok(packages.includes('piscina'), packages.join(', '))
})

test('both entries have the same class of errors', async () => {
  const [main, recorder] = await Promise.all([import('moonmeter'), import('moonmeter/recorder')])
  assert.equal(main.MoonmeterError, recorder.MoonmeterError)
})

function packagesOf(files: readonly string[]): string[] {
  const names = files.map((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1])
  return [...new Set(names.filter((name) => name !== undefined))].sort()
}
