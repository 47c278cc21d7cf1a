import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { type ParsedSample, parseExposition } from '../support/assertions/exposition.js'
import { assertAddsUp, COUNT_NAMES, readResult } from '../support/assertions/simulation-result.js'
import { countsOfSamples, growingSamples } from '../support/assertions/store-series.js'
import { Child } from '../support/processes/child.js'
import {
  scrape,
  servedUrl,
  startCommand,
  temporaryDirectory,
} from '../support/processes/command.js'
import { waitUntil } from '../support/processes/wait-until.js'

const ENGINES = 3
const OPERATIONS = ['load_get', 'lookup_exists', 'save_exists', 'save_put']
const SCRAPES = 5

test('a signal during a run ends it with the summary, and no count is lost', async (context) => {
  const json = join(temporaryDirectory(context), 'result.json')
  const simulation = startCommand(context, [
    ...['simulate', '--engines', String(ENGINES), '--speed', '60', '--duration', '0'],
    ...['--listen', '127.0.0.1:0', '--json', json],
  ])
  const url = await servedUrl(simulation)
  let last: ParsedSample[] = []
  for (let count = 0; count < SCRAPES; count++) {
    const before = growingSamples(last)
    last = await waitUntil('a scrape with more calls than the one before', async () => {
      const samples = parseExposition(await scrape(url))
      assertGrown(before, growingSamples(samples))
      const complete = OPERATIONS.every((name) => callsOf(samples, name) > callsOf(last, name))
      return complete && samples
    })
  }
  simulation.kill('SIGTERM')
  const { code, stdout, stderr } = await simulation.end()
  assert.equal(code, 0, stderr)

  const result = readResult(json)
  assertAddsUp(result)
  assert.deepEqual(Object.keys(result.operations), OPERATIONS)
  for (const operation of OPERATIONS) {
    const scraped = countsOfSamples(last, (labels) => labels.operation === operation)
    for (const name of COUNT_NAMES) {
      assert.ok((result.operations[operation]?.[name] ?? 0) >= scraped[name], operation)
    }
    assert.match(stdout, new RegExp(`^${operation} +[\\d,]+ +[\\d,]+ +[\\d,]+ `, 'm'))
  }
  for (let engine = 0; engine < ENGINES; engine++) {
    assert.match(stdout, new RegExp(`^${engine} +[\\d,]+ +[\\d,]+ +[\\d,]+ `, 'm'))
  }
  assert.match(stderr, / info {2}KV Transfer metrics: load_get_count=[1-9]\d*, /)
  assert.equal(stderr.includes('\u001b'), false)
  await assert.rejects(fetch(`${url}/metrics`), 'the server is closed after the end')
})

for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
  test(`${signal} right after the address is logged ends a run with the summary`, async (context) => {
    const args = ['simulate', '--engines', '2', '--duration', '0', '--listen', '127.0.0.1:0']
    const simulation = startCommand(context, args)
    await servedUrl(simulation)
    simulation.kill(signal)
    const end = await simulation.end()
    assert.deepEqual([end.code, end.signal], [0, null], end.stderr)
    assert.match(end.stdout, /^\d+ rows? of 2 engines in /)
    assert.match(
      end.stderr,
      new RegExp(` info {2}${signal}: stopping; a second one exits at once\n`),
    )
  })

  test(`a second ${signal} exits at once while the first one's stop is pending`, async (context) => {
    // The command's engines stop within 0.1 s, so this tests `stopOnSignals` alone, with a stop
    // that never finishes.
    const signals = new URL('../../src/cli/signals.js', import.meta.url).href
    const child = new Child(context, process.execPath, [
      ...['--input-type=module', '--eval'],
      `import { stopOnSignals } from '${signals}'
       stopOnSignals((signal) => console.error('stopping by ' + signal))
       setInterval(() => {}, 1000)
       console.error('ready')`,
    ])
    await child.waitForStderr(/ready\n/)
    child.kill(signal)
    await child.waitForStderr(new RegExp(`stopping by ${signal}\n`))
    child.kill(signal)
    const end = await child.end()
    assert.equal(end.code, { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }[signal])
  })
}

function callsOf(samples: readonly ParsedSample[], operation: string): number {
  return countsOfSamples(samples, (labels) => labels.operation === operation).calls
}

function assertGrown(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>) {
  for (const [series, value] of before) {
    assert.ok((after.get(series) ?? Number.NaN) >= value, `${series} fell below ${value}`)
  }
}
