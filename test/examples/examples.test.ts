import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import * as threads from 'node:worker_threads'
import { fileURLToPath } from 'node:url'
import { type ParsedSample, parseExposition } from '../support/assertions/exposition.js'
import type { Counts } from '../support/assertions/simulation-result.js'
import { countsOfSamples } from '../support/assertions/store-series.js'
import { ask } from '../support/processes/ask.js'
import { Child } from '../support/processes/child.js'
import { temporaryDirectory } from '../support/processes/command.js'
import { waitUntil } from '../support/processes/wait-until.js'

const COMPILED = new URL('./', import.meta.url)
const SOURCES = new URL('../../../test/examples/', import.meta.url)
/** The engines handle ten requests, of 1 to 10 keys, in turn. */
const REQUESTS = 10
const KEYS = [1 + 3 + 5 + 7 + 9, 2 + 4 + 6 + 8 + 10] as const
const BLOCK_BYTES = 4_096

/** An example that runs, with the addresses that it printed. */
interface Running {
  readonly child: Child
  /** What it printed as `name: URL`. */
  url(name: string): Promise<string>
}

/** Starts the file of an example, on free ports. */
function startExample(context: TestContext, file: string, args: readonly string[] = []): Running {
  const path = fileURLToPath(new URL(file, COMPILED))
  const env = { PORT: '0', APP_PORT: '0' }
  const child = new Child(context, process.execPath, [path, ...args], { env })
  const url = async (name: string) => {
    const [, found = ''] = await child.waitForStdout(new RegExp(`^${name}: (http:\\S+)`, 'm'))
    return found
  }
  return { child, url }
}

/** Scrapes until the given number of calls is counted, and checks the counts. */
function scrapeUntil(url: string, calls: number): Promise<ParsedSample[]> {
  return waitUntil(`${calls} calls`, async () => {
    const samples = parseExposition(await (await fetch(url)).text())
    return countsOfSamples(samples).calls >= calls && samples
  })
}

/** The counts of an engine and operation. */
function countsOf(samples: readonly ParsedSample[], engine: number, operation: string): Counts {
  return countsOfSamples(
    samples,
    (labels) => labels.engine === `${engine}` && labels.operation === operation,
  )
}

function counts(calls: number, keys: number, bytes = 0, failedKeys = 0): Counts {
  return { calls, keys, bytes, failedKeys, errors: 0 }
}

/** Stops an example with SIGTERM, as a service manager does; it must end without an error. */
async function stopExample({ child }: Running): Promise<string> {
  child.kill('SIGTERM')
  const { code, signal, stdout, stderr } = await child.end()
  assert.deepEqual([code, signal, stderr], [0, null, ''], stdout)
  return stdout
}

/** The counts of calls in the log lines that an example printed. */
function loggedCalls(stdout: string): number {
  const found = stdout.matchAll(/^KV Transfer metrics: load_get_count=(\d+), /gm)
  return Array.from(found, ([, calls]) => Number(calls)).reduce((sum, calls) => sum + calls, 0)
}

test('raw worker threads', async (context) => {
  const example = startExample(context, 'workers/main.js')
  const samples = await scrapeUntil(await example.url('metrics'), REQUESTS)
  for (const [engine, keys] of KEYS.entries()) {
    assert.deepEqual(countsOf(samples, engine, 'load_get'), counts(5, keys, keys * BLOCK_BYTES))
  }
  assert.equal(loggedCalls(await stopExample(example)), REQUESTS)
})

test('a Piscina pool', {
  skip: 'postMessageToThread' in threads ? false : 'needs worker_threads.postMessageToThread',
}, async (context) => {
  const example = startExample(context, 'piscina/main.js')
  const samples = await scrapeUntil(await example.url('metrics'), 20)
  const all = [0, 1].map((engine) => countsOf(samples, engine, 'load_get'))
  assert.ok(all.every(({ calls }) => calls > 0))
  assert.deepEqual(countsOfSamples(samples), counts(20, 210))
  assert.match(await stopExample(example), /^keys loaded: 210$/m)
})

test('EnginePool', async (context) => {
  const example = startExample(context, 'pool/main.js')
  const samples = await scrapeUntil(await example.url('metrics'), 3 * (5 + 6))
  // One engine fails after its first round, and repeats all rounds.
  for (const [engine, rounds] of [5, 6].entries()) {
    const keys = 4 * rounds
    const expected = counts(rounds, keys, keys * BLOCK_BYTES)
    assert.deepEqual(countsOf(samples, engine, 'save_put'), expected)
    assert.deepEqual(countsOf(samples, engine, 'lookup_exists'), counts(rounds, keys))
    assert.deepEqual(countsOf(samples, engine, 'load_get'), counts(rounds, 5 * rounds, 0, rounds))
  }
  await example.child.waitForStdout(/engine 0: finished, 15 calls\nengine 1: finished, 15 calls\n/)
  const stdout = await stopExample(example)
  assert.match(stdout, /engine 1: .*fails at first\nengine 1: restarts\n/)
})

test('child processes', async (context) => {
  const example = startExample(context, 'child-process/main.js')
  const samples = await scrapeUntil(await example.url('metrics'), REQUESTS)
  for (const [engine, keys] of KEYS.entries()) {
    assert.deepEqual(countsOf(samples, engine, 'load_get'), counts(5, keys))
  }
  assert.equal(loggedCalls(await stopExample(example)), REQUESTS)
})

test('child processes that are stopped immediately send their last report', async (context) => {
  const example = startExample(context, 'child-process/main.js')
  await example.url('metrics')
  assert.equal(loggedCalls(await stopExample(example)), REQUESTS)
})

test('a cluster, whose workers are replaced', async (context) => {
  const example = startExample(context, 'cluster/main.js')
  const metrics = await example.url('metrics')
  const server = await example.url('engine 0')
  await example.url('engine 1')
  const calls = [0, 0]
  const request = async () => {
    // On a new connection, since a connection belongs to one worker.
    const text = String((await ask(server)).body)
    const [, engine, pid] =
      /^engine ([01]), process (\d+): 12 keys\n$/.exec(text) ?? assert.fail(text)
    calls[Number(engine)]++
    return { engine: Number(engine), pid: Number(pid) }
  }
  const assertCounts = async () => {
    const samples = await scrapeUntil(metrics, calls[0] + calls[1])
    for (const engine of [0, 1]) {
      const expected = counts(calls[engine], 12 * calls[engine])
      assert.deepEqual(countsOf(samples, engine, 'load_get'), expected)
    }
  }
  const requestAll = () => Promise.all(Array.from({ length: REQUESTS }, request))
  const [first] = await requestAll()
  await assertCounts()
  // No requests meanwhile: node:cluster may pass a connection to a worker that ends.
  process.kill(first.pid, 'SIGTERM')
  await example.child.waitForStdout(/(^engine .*\n){3}/m)
  const answers = await requestAll()
  const others = answers.filter(({ engine, pid }) => engine === first.engine && pid !== first.pid)
  assert.ok(others.length > 0)
  await assertCounts()
  await request()
  assert.equal(loggedCalls(await stopExample(example)), calls[0] + calls[1])
})

test('a bundled engine, far from any node_modules', async (context) => {
  const bundle = join(temporaryDirectory(context), 'engine.mjs')
  const built = await startExample(context, 'bundled/build.js', [bundle]).child.end()
  assert.deepEqual([built.code, built.stderr], [0, ''])
  const example = startExample(context, 'bundled/main.js', [bundle])
  const samples = await scrapeUntil(await example.url('metrics'), 3)
  assert.deepEqual(countsOf(samples, 0, 'load_get'), counts(3, 6, 3 * BLOCK_BYTES))
  assert.equal(loggedCalls(await stopExample(example)), 3)
})

for (const [name, healthPath] of [
  ['express', '/metrics/healthz'],
  ['fastify', '/healthz'],
] as const) {
  test(name, async (context) => {
    const example = startExample(context, `${name}/main.js`)
    const server = await example.url('server')
    for (let numKeys = 1; numKeys <= REQUESTS; numKeys++) {
      const { status } = await fetch(`${server}/load/${numKeys}`, { method: 'POST' })
      assert.equal(status, 202)
    }
    const samples = await scrapeUntil(`${server}/metrics`, REQUESTS)
    for (const [engine, keys] of KEYS.entries()) {
      assert.deepEqual(countsOf(samples, engine, 'load_get'), counts(5, keys, keys * BLOCK_BYTES))
    }
    assertOwnMetrics(samples)
    assert.equal(await (await fetch(`${server}${healthPath}`)).text(), 'ok\n')
    assert.equal(loggedCalls(await stopExample(example)), REQUESTS)
  })
}

function assertOwnMetrics(samples: readonly ParsedSample[]): void {
  const find = (name: string) => samples.find((sample) => sample.name === name)?.value
  assert.equal(find('app_requests_total'), REQUESTS)
  assert.ok((find('process_cpu_seconds_total') ?? 0) > 0)
}

test('the index names every example, and the command that runs it', () => {
  const index = readFileSync(new URL('README.md', SOURCES), 'utf8')
  const folders = readdirSync(SOURCES, { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  )
  for (const { name } of folders) {
    assert.ok(index.includes(`](${name}/main.ts)`), name)
    const main = readFileSync(new URL(`${name}/main.ts`, SOURCES), 'utf8')
    assert.ok(main.includes(` *     node dist/test/examples/${name}/main.js\n`), name)
  }
})

test('the examples import only what a user can', () => {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
  const examples = files.filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  assert.ok(examples.length >= 15)
  for (const file of examples) {
    const text = readFileSync(new URL(file, SOURCES), 'utf8')
    assert.doesNotMatch(text, /['"](\.\.\/){2}/, file)
  }
})
