import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseExposition } from '../support/assertions/exposition.js'
import { assertAddsUp, readResult } from '../support/assertions/simulation-result.js'
import {
  runCommand,
  scrape,
  servedUrl,
  startCommand,
  temporaryDirectory,
} from '../support/processes/command.js'
import { waitUntil } from '../support/processes/wait-until.js'

const ENGINES = 256
/** With a thread for each engine, the run took 24 s on two cores. */
const TOOK_MS_MAX = 15_000
const ARGS = ['simulate', '--engines', String(ENGINES), '--listen', '127.0.0.1:0']

test('hundreds of engines share a few threads, and all their counts are exact', async (context) => {
  const json = join(temporaryDirectory(context), 'result.json')
  const startMs = performance.now()
  const { code, stdout, stderr } = await runCommand(context, [
    ...ARGS,
    ...['--threads', '2', '--duration', '0.3', '--json', json],
  ])
  const tookMs = performance.now() - startMs
  assert.equal(code, 0, stderr)
  assert.ok(tookMs < TOOK_MS_MAX, `${tookMs} ms`)
  const result = readResult(json)
  assertAddsUp(result)
  assert.equal(Object.keys(result.engines).length, ENGINES)
  const lines = stdout.split('\n')
  assert.ok(lines.includes('… and 224 more; the JSON has all'))
  // Of each engine, a line of counts and one of durations.
  assert.equal(lines.filter((line) => /^\d+ {2,}/.test(line)).length, 2 * 32)
})

test('metrics are served while hundreds of engines run, and a signal ends them', async (context) => {
  const simulation = startCommand(context, [...ARGS, '--duration', '0'])
  const url = await servedUrl(simulation)
  await waitUntil('rows in a scrape', async () => {
    const samples = parseExposition(await scrape(url))
    return samples.some(({ name, value }) => name === 'moonmeter_engine_records_total' && value > 0)
  })
  simulation.kill('SIGTERM')
  const startMs = performance.now()
  const { code, stdout, stderr } = await simulation.end()
  const tookMs = performance.now() - startMs
  assert.equal(code, 0, stderr)
  assert.ok(tookMs < TOOK_MS_MAX, `${tookMs} ms`)
  assert.match(stdout, /^[\d,]+ rows of 256 engines in /)
  assert.match(stdout, /\n… and 224 more; the JSON has all\n$/)
})
