import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { Child } from '../support/child.js'
import { scrape, servedUrl, startCommand, temporaryDirectory } from '../support/command.js'
import { type ParsedSample, parseExposition } from '../support/exposition.js'
import { assertAddsUp, COUNT_NAMES, readResult } from '../support/simulation-result.js'
import { countsOfSamples, growingSamples } from '../support/store-series.js'
import { waitUntil } from '../support/wait-until.js'

const ENGINES = 3
const OPERATIONS = ['load_get', 'lookup_exists', 'save_exists', 'save_put']
const SCRAPES = 5

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} ends a run early with the same summary, and no count is lost`, async (context) => {
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
    simulation.kill(signal)
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
    assert.match(stderr, new RegExp(` info {2}${signal}: stopping; once more ends at once\n`))
    assert.match(stderr, / info {2}KV Transfer metrics: load_get_count=[1-9]\d*, /)
    assert.equal(stderr.includes('\u001b'), false)
    await assert.rejects(fetch(`${url}/metrics`), 'nobody listens after the end')
  })

  test(`${signal} as soon as the address is printed ends a run with its summary`, async (context) => {
    const args = ['simulate', '--engines', '2', '--duration', '0', '--listen', '127.0.0.1:0']
    const simulation = startCommand(context, args)
    await servedUrl(simulation)
    simulation.kill(signal)
    const end = await simulation.end()
    assert.deepEqual([end.code, end.signal], [0, null], end.stderr)
    assert.match(end.stdout, /^\d+ rows? of 2 engines in /)
  })

  test(`a second ${signal} ends at once where stopping takes its time`, async (context) => {
    // Engines of the command stop within a tenth of a second, so its signals are tried by
    // themselves, with a stop that never ends.
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
    assert.equal(end.code, { SIGINT: 130, SIGTERM: 143 }[signal])
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
