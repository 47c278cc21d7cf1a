import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  assertAddsUp,
  countsOf,
  type JsonResult,
  readResult,
} from '../support/assertions/simulation-result.js'
import { runCommand, SMALL_TRACE, temporaryDirectory } from '../support/processes/command.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const TRACE = resolve(
  ROOT,
  process.env.MOONMETER_TRACE ?? '../shared/traces/conversation_trace.jsonl',
)
const SKIP = existsSync(TRACE) ? false : `${TRACE} is absent; set MOONMETER_TRACE to the trace`
const LLAMA_70B_BLOCK_BYTES = 167_772_160

/** Replays a trace at speed max; returns the result and the output. */
async function replay(context: TestContext, trace: string, engines: number, more: string[] = []) {
  const json = join(temporaryDirectory(context), 'result.json')
  const { code, stdout, stderr } = await runCommand(context, [
    'simulate',
    ...['--trace', trace, '--engines', String(engines), '--speed', 'max', '--duration', '0'],
    ...['--json', json, '--listen', '127.0.0.1:0', ...more],
  ])
  // The command itself compares the counts of engines, aggregator and exposition.
  assert.equal(code, 0, stderr)
  const result = readResult(json)
  assertAddsUp(result)
  assert.deepEqual(Object.keys(result.engines), indices(engines))
  return { result, stdout, stderr }
}

function indices(engines: number): string[] {
  return Array.from({ length: engines }, (_, index) => String(index))
}

function counts(calls: number, keys: number, bytes = 0) {
  return { calls, keys, bytes, failedKeys: 0, errors: 0 }
}

/** The counts that do not depend on the order in which engines claim blocks. */
function fixedParts({ operations }: JsonResult) {
  const { lookup_exists, save_exists, save_put } = countsOf(operations)
  return { lookup_exists, save_exists, putKeys: save_put?.keys, putBytes: save_put?.bytes }
}

// The requests look up 2 2 0 3 4 4 1 3 blocks, of which 0 2 0 2 3 4 0 1 are stored; if a whole
// prompt is stored (second and sixth), one block less is loaded. Missing blocks are put.
test('a small trace on one engine gives the totals calculated by hand', async (context) => {
  const more = ['--bytes-per-block', '1000']
  const { result } = await replay(context, SMALL_TRACE, 1, more)
  assert.deepEqual(countsOf(result.operations), {
    load_get: counts(5, 1 + 2 + 3 + 3 + 1, 10_000),
    lookup_exists: counts(7, 2 + 2 + 3 + 4 + 4 + 1 + 3),
    save_exists: counts(7, 19),
    save_put: counts(5, 2 + 1 + 1 + 1 + 2, 7_000),
  })
  assert.deepEqual(countsOf(result.engines), { '0': counts(24, 55, 17_000) })
})

test('eight engines look up, check and put the same keys as one', async (context) => {
  const { result } = await replay(context, SMALL_TRACE, 8)
  const one = counts(7, 19)
  assert.deepEqual(fixedParts(result), {
    lookup_exists: one,
    save_exists: one,
    putKeys: 7,
    putBytes: 7 * LLAMA_70B_BLOCK_BYTES,
  })
})

test('--model determines the bytes of a block', async (context) => {
  const more = ['--model', 'Qwen3-8B']
  const { result } = await replay(context, SMALL_TRACE, 1, more)
  assert.equal(result.operations.save_put?.bytes, 7 * 75_497_472)
})

test('the printed tables have the counts of the JSON for every operation and engine', async (context) => {
  const { result, stdout, stderr } = await replay(context, SMALL_TRACE, 3)
  const [total, , titles, ...lines] = stdout.split('\n')
  const rows = Object.values(result.operations).reduce((sum, { calls }) => sum + calls, 0)
  assert.match(total ?? '', new RegExp(`^${rows} rows of 3 engines in [\\d.]+ s`))
  assert.match(titles ?? '', /^operation +calls +keys +bytes +failed keys +errors$/)
  const printed = lines.map((line) => line.split(/ {2,}/))
  const summaries = { ...countsOf(result.operations), ...countsOf(result.engines) }
  for (const [name, summary] of Object.entries(summaries)) {
    const expected = [name, ...Object.values(summary).map((value) => value.toLocaleString('en-US'))]
    assert.deepEqual(
      printed.find(([first]) => first === name),
      expected,
    )
  }
  assert.equal(stdout.includes('\u001b') || stderr.includes('\u001b'), false)
  assert.match(stderr, / info {2}KV Transfer metrics: load_get_count=\d+, load_get_avg_ms=[\d.]+, /)
})

test('durations depend on the seed', async (context) => {
  const [first, again, other] = await Promise.all(
    ['5', '5', '6'].map(async (seed) => {
      const { result } = await replay(context, SMALL_TRACE, 1, ['--seed', seed])
      return JSON.stringify(result.operations)
    }),
  )
  assert.equal(first, again)
  assert.notEqual(first, other)
})

test('the published trace on one engine gives exactly the totals of the reference', {
  skip: SKIP,
}, async (context) => {
  const { result } = await replay(context, TRACE, 1)
  assert.deepEqual(countsOf(result.operations), {
    load_get: counts(12_030, 105_592, 105_592 * LLAMA_70B_BLOCK_BYTES),
    lookup_exists: counts(12_031, 276_491),
    save_exists: counts(12_031, 276_491),
    save_put: counts(9_626, 170_899, 170_899 * LLAMA_70B_BLOCK_BYTES),
  })
})

test('the published trace on eight engines gives the same lookups, checks and keys put', {
  skip: SKIP,
}, async (context) => {
  const { result } = await replay(context, TRACE, 8)
  assert.deepEqual(fixedParts(result), {
    lookup_exists: counts(12_031, 276_491),
    save_exists: counts(12_031, 276_491),
    putKeys: 170_899,
    putBytes: 170_899 * LLAMA_70B_BLOCK_BYTES,
  })
})

test('with faults, all counts agree and some calls fail', async (context) => {
  const more = ['--error-rate', '0.5', '--seed', '3']
  const { result } = await replay(context, SMALL_TRACE, 2, more)
  const all = Object.values(result.engines)
  assert.ok(all.some(({ errors }) => errors > 0))
  assert.ok(all.some(({ failedKeys }) => failedKeys > 0))
  assert.equal(result.operations.lookup_exists?.keys, 19)
})
