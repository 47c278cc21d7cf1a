import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import { EngineAggregator } from '../../src/index.js'
import { createRecorder } from '../../src/recorder/index.js'
import { pack } from '../../src/wire/msgpack.js'
import { assertSamples } from '../support/assertions/assert-samples.js'
import { countsOf } from '../support/assertions/simulation-result.js'
import { countsOfRows, shapesOf } from '../support/generators/case-payloads.js'
import { type ReferenceCase, referenceCases } from '../support/generators/reference-cases.js'
import { runCommand, temporaryDirectory } from '../support/processes/command.js'

const CASES = ['bucket-edges', 'empty-operation', 'all-errors', 'large-integers', 'label-escaping']

function caseNamed(name: string): ReferenceCase {
  const found = referenceCases().find((reference) => reference.name === name)
  assert.ok(found, name)
  return found
}

async function inspectJson(context: TestContext, args: string[], input?: Uint8Array | string) {
  const options = input === undefined ? {} : { input }
  const { code, stdout, stderr } = await runCommand(
    context,
    ['inspect', '--format', 'json', ...args],
    options,
  )
  assert.deepEqual([code, stderr], [0, ''])
  const { payloads, operations, engines } = JSON.parse(stdout)
  return { payloads, operations: countsOf(operations), engines: countsOf(engines) }
}

/** A report of engine 3 as its recorder posts it. */
async function recordedReport(): Promise<Uint8Array> {
  const aggregator = new EngineAggregator()
  const { port1, port2 } = new MessageChannel()
  const recorder = createRecorder({ ...aggregator.connect(3), port: port2 })
  recorder.record('save_put', 0.02, 5, {
    numBytes: 500,
    status: 'partial_failure',
    numFailedKeys: 2,
  })
  recorder.record('save_put', 0.03, 7, { numBytes: 700, status: 'error', numFailedKeys: 7 })
  recorder.record('load_get', 0.004, 1, { numBytes: 100 })
  recorder.close()
  const received = receiveMessageOnPort(port1)
  await aggregator.close()
  assert.ok(received !== undefined)
  return received.message
}

const REPORT_OPERATIONS = {
  load_get: { calls: 1, keys: 1, bytes: 100, failedKeys: 0, errors: 0 },
  save_put: { calls: 2, keys: 12, bytes: 1_200, failedKeys: 9, errors: 1 },
}

test('payloads are read: one and several, binary and hex, from a file and stdin', async (context) => {
  const reference = caseNamed('eight-engines')
  const all = shapesOf(reference).bare ?? []
  assert.ok(all.length > 1)
  const file = join(temporaryDirectory(context), 'payloads')
  const hex = all.map((bytes) => bytes.toString('hex')).join('\r\n')
  const ways: readonly (readonly [string | Buffer, string[]])[] = [
    [Buffer.concat(all), [file]],
    [Buffer.concat(all), ['-']],
    [hex, [file]],
    [`${hex.toUpperCase()}\n`, []],
  ]
  for (const [content, args] of ways) {
    writeFileSync(file, content)
    const input = args[0] === file ? undefined : content
    const { payloads, operations } = await inspectJson(context, args, input)
    assert.deepEqual(
      { payloads, operations },
      { payloads: all.length, operations: countsOfRows(reference) },
    )
  }
  const [first] = all
  assert.equal((await inspectJson(context, [], first)).payloads, 1)
})

for (const shape of ['wrapped', 'wrapped flat']) {
  test(`${shape} payloads are read as bare ones are`, async (context) => {
    const reference = caseNamed('eight-engines')
    const all = shapesOf(reference)[shape] ?? []
    assert.ok(all.length > 1)
    const { payloads, operations } = await inspectJson(context, [], Buffer.concat(all))
    assert.deepEqual([payloads, operations], [all.length, countsOfRows(reference)])
  })
}

for (const name of CASES) {
  test(`${name}: the exposition has the samples of the reference`, async (context) => {
    const reference = caseNamed(name)
    const { code, stdout, stderr } = await runCommand(
      context,
      ['inspect', '--format', 'prometheus', '--model', reference.model_name],
      { input: Buffer.concat(shapesOf(reference).bare ?? []) },
    )
    assert.deepEqual([code, stderr], [0, ''])
    assertSamples(stdout, reference)
  })
}

test('--engine is the index for payloads without one', async (context) => {
  const [payload] = shapesOf(caseNamed('one-record')).bare ?? []
  const { engines } = await inspectJson(context, ['--engine', '17'], payload)
  assert.deepEqual(Object.keys(engines), ['17'])
})

test('--engine does not apply to reports, which have an index', async (context) => {
  const report = await recordedReport()
  for (const input of [report, Buffer.from(report).toString('hex')]) {
    const { payloads, operations, engines } = await inspectJson(context, ['--engine', '9'], input)
    assert.equal(payloads, 1)
    assert.deepEqual(operations, REPORT_OPERATIONS)
    assert.deepEqual(Object.keys(engines), ['3'])
  }
})

test('reports are cumulative: a repeated one counts once', async (context) => {
  const report = await recordedReport()
  const { payloads, operations } = await inspectJson(context, [], Buffer.concat([report, report]))
  assert.equal(payloads, 2)
  assert.deepEqual(operations, REPORT_OPERATIONS)
})

test('reports and rows can be mixed', async (context) => {
  const [rows = Buffer.of()] = shapesOf(caseNamed('one-record')).wrapped ?? []
  const input = Buffer.concat([await recordedReport(), rows])
  const { payloads, operations, engines } = await inspectJson(context, [], input)
  assert.equal(payloads, 2)
  assert.equal(operations.save_put?.calls, 3)
  assert.deepEqual(Object.keys(engines), ['0', '3'])
})

test('the text has a line per operation and per engine, in one unit a column', async (context) => {
  const row = { num_keys: 1, num_bytes: 100 }
  const failed = { status: 'error', num_failed_keys: 7 }
  const input = pack({
    load_get: [{ ...row, duration_seconds: 0.000_25 }],
    save_put: [
      { ...row, duration_seconds: 0.02 },
      { ...row, ...failed, duration_seconds: 1.5, num_keys: 1_200 },
    ],
  })
  const { code, stdout, stderr } = await runCommand(context, ['inspect'], { input })
  assert.deepEqual([code, stderr], [0, ''])
  assert.equal(
    stdout,
    `1 payload, 3 rows

operation  calls   keys  bytes  failed keys  errors
load_get       1      1    100            0       0
save_put       2  1,201    200            7       1

operation  p50 ms    p90 ms    p99 ms  p99.9 ms
load_get     0.25      0.25      0.25      0.25
save_put    20     1,500     1,500     1,500

engine  calls   keys  bytes  failed keys  errors
0           3  1,202    300            7       1

engine  p50 ms  p90 ms  p99 ms  p99.9 ms
0           20   1,500   1,500     1,500
`,
  )
})

test('durations of a report, which has bins instead, are within 1.6 % in the text', async (context) => {
  const { stdout } = await runCommand(context, ['inspect'], { input: await recordedReport() })
  const [, , durations = ''] = stdout.split('\n\n')
  const [, loadGet = []] = durations.split('\n').map((line) => line.trim().split(/ {2,}/))
  assert.deepEqual([loadGet[0], loadGet.length], ['load_get', 5])
  for (const text of loadGet.slice(1)) {
    // A tolerance of 0.5 % more, since three digits are printed.
    assert.ok(Math.abs(Number(text) - 4) <= 4 * 0.021, text)
  }
})

test('an operation name with a line break is escaped in the table', async (context) => {
  const reference = caseNamed('label-escaping')
  const { stdout } = await runCommand(context, ['inspect'], {
    input: Buffer.concat(shapesOf(reference).bare ?? []),
  })
  const operations = Object.keys(countsOfRows(reference))
  assert.ok(operations.some((name) => name.includes('\n')))
  const [head, ...tables] = stdout.trimEnd().split('\n\n')
  assert.match(head ?? '', /^\d+ payloads?, \d+ rows?$/)
  const [byOperation, byEngine] = [1 + operations.length, 1 + reference.engines.length]
  assert.deepEqual(
    tables.map((table) => table.split('\n').length),
    [byOperation, byOperation, byEngine, byEngine],
  )
})

const BAD: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
  ['nothing', '', /standard input: expected a payload, got an empty input/],
  [
    'a payload cut short',
    caseBytes('one-record').subarray(0, -1),
    /standard input: payload 1: .*expected .*got .*bytes/,
  ],
  [
    'hex cut short',
    caseBytes('one-record').toString('hex').slice(0, -1),
    /two hex digits per byte/,
  ],
  ['text', 'hello there\n', /standard input: payload 1: .*expected a map of operations/],
  ['a byte that is not MessagePack', Buffer.of(0xc1), /standard input: .*(0xc1|expected)/],
  ['rows of the wrong shape', pack({ save_put: [{ num_keys: 1 }] }), /standard input: payload 1: /],
  [
    'a negative duration',
    pack({ save_put: [{ duration_seconds: -1, num_keys: 1 }] }),
    /standard input: payload 1: .*from 0 to .*got -1/,
  ],
  [
    'a bad payload after a good one',
    Buffer.concat([caseBytes('one-record'), pack({ save_put: 7 })]),
    /standard input: payload 2: /,
  ],
]

for (const [what, input, message] of BAD) {
  test(`${what} is refused with a one-line message, and nothing is printed`, async (context) => {
    const { code, stdout, stderr } = await runCommand(context, ['inspect'], { input })
    assert.match(stderr, /^moonmeter: [^\n]+\n$/)
    assert.match(stderr, message)
    assert.deepEqual([code, stdout], [1, ''])
  })
}

function caseBytes(name: string): Buffer {
  return Buffer.from(caseNamed(name).frames[0]?.msgpack_hex ?? '', 'hex')
}
