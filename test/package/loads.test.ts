import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runCommand } from '../support/processes/command.js'
import { loadedFiles } from '../support/processes/loaded-files.js'

/**
 * The modules of msgpackr for the recorder: its entries without the native part, and their imports.
 */
const MSGPACKR = ['index', 'pack', 'unpack', 'iterators', 'stream', 'struct']
/** Packages for the command, a pool or a framework, and the native part of msgpackr. */
const NOT_OF_MAIN = ['commander', 'fastify', 'msgpackr-extract', 'pino', 'piscina']
const SERVE_METRICS = `async ({ EngineAggregator, listen, metricsHandler }) => {
  const aggregator = new EngineAggregator()
  metricsHandler(aggregator)
  const server = await listen(aggregator, { port: 0 })
  await (await fetch(server.url + '/metrics')).text()
  await server.close()
  await aggregator.close()
}`
const SERVE_PAGE = `async ({ dashboardHandler }) => {
  const { EngineAggregator } = await import('moonmeter')
  const aggregator = new EngineAggregator()
  dashboardHandler(aggregator)
  await aggregator.close()
}`
/** The scope of the packages of NATS. */
const NATS = '@nats-io/'
/** A module with which a process writes the URL of each imported module to standard error. */
const HOOK = `
  import { writeSync } from 'node:fs'
  export async function resolve(specifier, context, next) {
    const resolved = await next(specifier, context)
    writeSync(2, resolved.url + '\\n')
    return resolved
  }`
const TRACE_IMPORTS = dataUrl(
  `import { register } from 'node:module'; register(${JSON.stringify(dataUrl(HOOK))})`,
)
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

test('only moonmeter/nats loads NATS', async () => {
  for (const entry of ['', '/recorder', '/dashboard', '/fastify', '/opentelemetry', '/payloads']) {
    const files = await loadedFiles(`moonmeter${entry}`)
    assert.ok(files.length > 0, entry)
    const found = files.filter((file) => /@nats-io|src\/nats\//.test(file))
    assert.deepEqual(found, [], entry)
  }
  const packages = packagesOf(await loadedFiles('moonmeter/nats'))
  assert.ok(packages.includes(`${NATS}transport-node`), packages.join(', '))
  assert.deepEqual(
    packages.filter((name) => NOT_OF_MAIN.includes(name)),
    [],
  )
})

test('the command loads NATS only with an option that names a server', async (context) => {
  const simulate = ['simulate', '--duration', '0.01', '--listen', '127.0.0.1:0']
  const loadsNats = async (args: readonly string[]) => {
    const { stderr } = await runCommand(context, args, { nodeArgs: ['--import', TRACE_IMPORTS] })
    assert.match(stderr, /src\/cli\/help\.js/)
    return /src\/nats\/|@nats-io/.test(stderr)
  }
  assert.equal(await loadsNats(['serve', '--help']), false)
  assert.equal(await loadsNats(simulate), false)
  assert.equal(await loadsNats([...simulate, '--nats', 'nats://127.0.0.1:1']), true)
})

test('the main thread loads Piscina with its first pool', async () => {
  const packages = packagesOf(await loadedFiles('moonmeter', START_POOL))
  assert.ok(packages.includes('piscina'), packages.join(', '))
})

test('a server of metrics does not load the code of the live page', async () => {
  const files = await loadedFiles('moonmeter', SERVE_METRICS)
  assert.ok(files.includes('dist/src/server/metrics-handler.js'))
  const live = files.filter((file) => /^dist\/src\/(?:dashboard|page|live)\//.test(file))
  assert.deepEqual(live, [])
  assert.ok(!packagesOf(files).includes('eventsource-parser'))
})

test('a server of the live page does not load the code of its readers', async () => {
  const files = await loadedFiles('moonmeter/dashboard', SERVE_PAGE)
  assert.ok(files.includes('dist/src/live/live-feed.js'))
  const readers = /^dist\/src\/live\/(?:live-client|read-message|live-view|timeline|outliers)\.js$/
  const others = files.filter((file) => readers.test(file) || file.startsWith('dist/src/cli/'))
  assert.deepEqual(others, [])
  assert.deepEqual(
    packagesOf(files).filter((name) => [...NOT_OF_MAIN, 'eventsource-parser'].includes(name)),
    [],
  )
})

test('both entries have the same class of errors', async () => {
  const [main, recorder] = await Promise.all([import('moonmeter'), import('moonmeter/recorder')])
  assert.equal(main.MoonmeterError, recorder.MoonmeterError)
})

function packagesOf(files: readonly string[]): string[] {
  const names = files.map((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1])
  return [...new Set(names.filter((name) => name !== undefined))].sort()
}

function dataUrl(module: string): string {
  return `data:text/javascript,${encodeURIComponent(module)}`
}
