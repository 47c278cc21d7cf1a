import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { ask } from '../support/processes/ask.js'
import { Child } from '../support/processes/child.js'
import { temporaryDirectory } from '../support/processes/command.js'
import { waitUntil } from '../support/processes/wait-until.js'

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url))
const GUIDE = readFileSync(join(REPOSITORY, 'src/server/README.md'), 'utf8')
const EXAMPLE = /<!-- bundle: build\.js -->\n```js\n(.*?)```/s

/** A server that serves metrics and the page, and prints its address and what a pool throws. */
const SERVER = `
import { createServer } from 'node:http'
import { EngineAggregator, EnginePool, metricsHandler } from 'moonmeter'
import { dashboardHandler } from 'moonmeter/dashboard'

export const aggregator = new EngineAggregator()
const metrics = metricsHandler(aggregator)
const page = dashboardHandler(aggregator)
const server = createServer((request, response) => {
  metrics(request, response, () => page(request, response))
})
server.listen(0, '127.0.0.1', () => {
  let thrown = 'nothing'
  try {
    new EnginePool({ aggregator, filename: '/engine.js', engines: 1 })
  } catch (error) {
    thrown = error.code + ' ' + error.message
  }
  console.log('http://127.0.0.1:' + server.address().port + ' ' + thrown)
})
`
const MAIN = `
import { Worker } from 'node:worker_threads'
import { aggregator } from './server.js'

const link = aggregator.connect(0)
const file = new URL('./engine.js', import.meta.url)
new Worker(file, { workerData: { link }, transferList: link.transferList })
`
const ENGINE = `
import { workerData } from 'node:worker_threads'
import { createRecorder } from 'moonmeter/recorder'

const recorder = createRecorder(workerData.link)
recorder.record('load_get', 0.0021, 7)
recorder.close()
`

test('a bundle of CommonJS serves metrics and the live page', async (context) => {
  const folder = makeProject(context)
  const outfile = join(folder, 'out.cjs')
  const entryPoints = [join(folder, 'server.js')]
  await build({
    entryPoints,
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
    // Of this package, whose own `import.meta.url` is what the test is about.
    logOverride: { 'empty-import-meta': 'silent' },
  })
  await assertServes(context, outfile)
})

test('the bundle of the guide, of ES modules, serves what its engine records', async (context) => {
  const folder = makeProject(context)
  const [, code = assert.fail('no example')] = EXAMPLE.exec(GUIDE) ?? []
  writeFileSync(join(folder, 'build.js'), code)
  const building = new Child(context, process.execPath, ['build.js'], { cwd: folder })
  assert.deepEqual([(await building.end()).code], [0])
  const url = await assertServes(context, join(folder, 'out', 'main.js'))
  await waitUntil('the row', async () =>
    /operation_keys_total\{[^}]*engine="0"[^}]*\} 7$/m.test(
      `${(await ask(`${url}/metrics`)).body}`,
    ),
  )
})

/** Runs a bundle, beside which are no files of the package, and checks what it serves. */
async function assertServes(context: TestContext, file: string): Promise<string> {
  const child = new Child(context, process.execPath, [file])
  const [, url = '', thrown = ''] = await child.waitForStdout(/^(http:\S+) (.*)\n/)
  assert.match(
    thrown,
    /^FILE_FAILED EnginePool: expected the files that its threads load, got none .*external/,
  )
  const metrics = await ask(`${url}/metrics`)
  assert.equal(metrics.status, 200)
  assert.match(metrics.body.toString(), /^moonmeter_engines_up \d$/m)
  for (const [path, text] of [
    ['/', /^<!doctype html>/],
    ['/page.js', /Contains uplot:/],
    ['/page.css', /\.uplot/],
  ] as const) {
    const { status, body } = await ask(url + path)
    assert.equal(status, 200, path)
    assert.match(body.toString(), text)
  }
  return url
}

/** The project of a user who installed moonmeter and esbuild. */
function makeProject(context: TestContext): string {
  const folder = temporaryDirectory(context)
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(REPOSITORY, join(folder, 'node_modules', 'moonmeter'))
  symlinkSync(join(REPOSITORY, 'node_modules', 'esbuild'), join(folder, 'node_modules', 'esbuild'))
  const files = { 'server.js': SERVER, 'main.js': MAIN, 'engine.js': ENGINE }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  return folder
}
