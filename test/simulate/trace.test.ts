import assert from 'node:assert/strict'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import fc from 'fast-check'
import { MoonmeterError } from '../../src/errors.js'
import { readTrace, type Trace, traceRequests } from '../../src/simulate/trace.js'
import { traceLine, traceOf, withFile } from './trace-file.js'

const GOOD = traceLine(5, 600, [1, 2])

function plain(trace: Trace): Record<string, number | number[]> {
  return {
    timestampsMs: [...trace.timestampsMs],
    inputLengths: [...trace.inputLengths],
    offsets: [...trace.offsets],
    blockIds: [...trace.blockIds],
    blockCount: trace.blockCount,
    blockTokens: trace.blockTokens,
  }
}

/** Asserts that a file of that text is refused with `FILE:` and the rest of the message. */
async function assertRejected(text: string, rest: string, blockTokens = 512): Promise<void> {
  await withFile(text, async (path) => {
    await assert.rejects(readTrace(path, blockTokens), (error) => {
      assert.ok(error instanceof MoonmeterError)
      assert.equal(error.code, 'INVALID_TRACE')
      assert.equal(error.message, `${path}:${rest}`)
      return true
    })
  })
}

test('a trace is read into shared columns, with ids numbered by first appearance', async () => {
  const trace = await traceOf([
    traceLine(0, 1300, [900, 7, 1e15]),
    traceLine(0.5, 0, []),
    traceLine(3000, 1024, [900, 2 ** 63]),
  ])
  assert.deepEqual(plain(trace), {
    timestampsMs: [0, 0.5, 3000],
    inputLengths: [1300, 0, 1024],
    offsets: [0, 3, 3, 5],
    blockIds: [0, 1, 2, 0, 3],
    blockCount: 4,
    blockTokens: 512,
  })
  for (const name of ['timestampsMs', 'inputLengths', 'offsets', 'blockIds'] as const) {
    assert.ok(trace[name].buffer instanceof SharedArrayBuffer, name)
  }
})

test('posting a trace to a thread shares its memory', async () => {
  const trace = await traceOf([GOOD])
  const { port1, port2 } = new MessageChannel()
  const arrived = once(port2, 'message')
  port1.postMessage(trace)
  const [copy] = (await arrived) as [Trace]
  port1.close()
  copy.blockIds[0] = 77
  assert.equal(trace.blockIds[0], 77)
})

test('lines can end in CRLF, the last one without a line end, and blank lines can follow', async () => {
  const expected = plain(await traceOf([GOOD, GOOD]))
  for (const text of [
    `${GOOD}\r\n${GOOD}\r\n`,
    `${GOOD}\n${GOOD}`,
    `${GOOD}\n${GOOD}\n\n  \n\r\n`,
  ]) {
    assert.deepEqual(plain(await withFile(text, (path) => readTrace(path))), expected)
  }
})

test('lines that span two chunks of the file are read as a whole', async () => {
  const lines = Array.from({ length: 20_000 }, (_, index) => traceLine(index, 512, [index * 3]))
  const trace = await traceOf(lines)
  assert.equal(trace.blockCount, 20_000)
  assert.deepEqual(
    [...trace.timestampsMs],
    Array.from({ length: 20_000 }, (_, index) => index),
  )
  assert.deepEqual(
    [...trace.blockIds],
    Array.from({ length: 20_000 }, (_, index) => index),
  )
})

test('each malformed line is refused with its number, the expectation and the value', async () => {
  const withField = (fields: object) =>
    JSON.stringify({
      timestamp: 5,
      input_length: 600,
      output_length: 1,
      hash_ids: [1, 2],
      ...fields,
    })
  const tokens = 'to be an integer from 0 to 4294967295'
  const timestamp = "'timestamp' to be a number of milliseconds, 0 or more"
  const cases: [string, string][] = [
    ['{"timestamp": 5,', 'expected a JSON object, got "{\\"timestamp\\": 5,"; check the line'],
    ['[1]', 'expected a JSON object, got [1]; check the line'],
    ['null', 'expected a JSON object, got null; check the line'],
    [withField({ timestamp: undefined }), `expected ${timestamp}, got nothing; check the field`],
    [withField({ timestamp: '5' }), `expected ${timestamp}, got "5"; check the field`],
    [withField({ timestamp: -1 }), `expected ${timestamp}, got -1; check the field`],
    [GOOD.replace('5', '1e999'), `expected ${timestamp}, got Infinity; check the field`],
    [
      withField({ input_length: 1.5 }),
      `expected 'input_length' ${tokens}, got 1.5; check the field`,
    ],
    [withField({ input_length: -1 }), `expected 'input_length' ${tokens}, got -1; check the field`],
    [
      withField({ input_length: 2 ** 32 }),
      `expected 'input_length' ${tokens}, got 4294967296; check the field`,
    ],
    [
      withField({ output_length: undefined }),
      `expected 'output_length' ${tokens}, got nothing; check the field`,
    ],
    [withField({ hash_ids: 3 }), "expected 'hash_ids' to be an array, got 3; check the field"],
    [
      withField({ hash_ids: [1, -2] }),
      "expected 'hash_ids[1]' to be an integer, 0 or more, got -2; check the field",
    ],
    [
      withField({ hash_ids: [1, 'x'.repeat(99)] }),
      `expected 'hash_ids[1]' to be an integer, 0 or more, got "${'x'.repeat(39)}…; check the field`,
    ],
    [
      withField({ hash_ids: [1] }),
      "expected 2 'hash_ids' for 600 tokens in blocks of 512, got 1; check the block size",
    ],
    [
      withField({ hash_ids: [1, 2, 3] }),
      "expected 2 'hash_ids' for 600 tokens in blocks of 512, got 3; check the block size",
    ],
    [
      withField({ timestamp: 4 }),
      "expected 'timestamp' to be at least the 5 of the line before, got 4; sort the trace by time",
    ],
  ]
  for (const [line, message] of cases) {
    await assertRejected(`${GOOD}\n${GOOD}\n${line}\n${GOOD}\n`, `3: ${message}`)
  }
})

test('a block size other than that of the trace is refused', async () => {
  await assertRejected(
    `${GOOD}\n`,
    "1: expected 3 'hash_ids' for 600 tokens in blocks of 256, got 2; check the block size",
    256,
  )
})

test('a blank line between requests is refused with its number', async () => {
  await assertRejected(
    `${GOOD}\n\n\n${GOOD}\n`,
    '2: expected a JSON object, got a blank line; remove the line',
  )
})

test('an empty file is refused, with and without blank lines', async () => {
  for (const text of ['', '\n\n']) {
    await assertRejected(text, '1: expected a request, got an empty file; check the path')
  }
})

test('a line above the length limit is refused before it is read to its end', async () => {
  const rest =
    '2: expected a line of at most 1048576 characters, got a longer one; ' +
    'write each request on a separate line'
  await assertRejected(`${GOOD}\n${' '.repeat(2 ** 20 + 1)}`, rest)
  await assertRejected(`${GOOD}\n${' '.repeat(2 ** 20 + 1)}\n${GOOD}\n`, rest)
})

test('a missing file and a directory are refused with the reason', async () => {
  for (const [path, reason] of [
    ['/nonexistent/trace.jsonl', 'ENOENT'],
    [tmpdir(), 'EISDIR'],
  ] as const) {
    await assert.rejects(readTrace(path), (error) => {
      assert.ok(error instanceof MoonmeterError)
      assert.equal(error.code, 'INVALID_TRACE')
      assert.ok(
        error.message.startsWith(`${path}: expected a file that can be read, got ${reason}`),
      )
      assert.ok(!error.message.includes('\n'))
      return true
    })
  }
})

test('each request belongs to exactly one engine, round robin', async () => {
  const trace = await traceOf(Array.from({ length: 10 }, (_, id) => traceLine(id, 512, [id])))
  const ids = [0, 1, 2].map((engine) =>
    [...traceRequests(trace, engine, 3)].map((request) => request.hashIds[0]),
  )
  assert.deepEqual(ids, [
    [0, 3, 6, 9],
    [1, 4, 7],
    [2, 5, 8],
  ])
})

test('requests with one timestamp arrive evenly over the time to the next', async () => {
  const trace = await traceOf(
    [0, 0, 0, 3000, 3000, 5999, 5999].map((timestamp, id) => traceLine(timestamp, 512, [id])),
  )
  const arrivals = [...traceRequests(trace, 0, 1)].map((request) => request.timestampMs)
  assert.deepEqual(arrivals, [0, 1000, 2000, 3000, 4499.5, 5999, 7498.5])
})

test('arrivals are spread over at most 5 seconds', async () => {
  const trace = await traceOf([0, 0, 600_000].map((timestamp) => traceLine(timestamp, 0, [])))
  const arrivals = [...traceRequests(trace, 0, 1)].map((request) => request.timestampMs)
  assert.deepEqual(arrivals, [0, 2500, 600_000])
})

test('arrivals never decrease and are before the next timestamp', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 4000 }), { minLength: 1, maxLength: 60 }),
      async (gaps) => {
        let timestamp = 0
        const timestamps = gaps.map((gap) => (timestamp += gap < 2000 ? 0 : gap))
        const trace = await traceOf(timestamps.map((at) => traceLine(at, 0, [])))
        const arrivals = [...traceRequests(trace, 0, 1)].map((request) => request.timestampMs)
        for (const [index, arrival] of arrivals.entries()) {
          const at = timestamps[index] as number
          const nextTick = timestamps.find((other) => other > at) ?? Number.POSITIVE_INFINITY
          assert.ok(arrival >= at && arrival < nextTick)
          assert.ok(index === 0 || arrival >= (arrivals[index - 1] as number))
        }
      },
    ),
    { numRuns: 50 },
  )
})
