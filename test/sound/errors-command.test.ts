import assert from 'node:assert/strict'
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { countHexDigits, decodeHex } from '../../src/cli/hex.js'
import { countsOf, readResult } from '../support/assertions/simulation-result.js'
import { runCommand, SMALL_TRACE, temporaryDirectory } from '../support/processes/command.js'

/** The longest string of V8 has 2^29 - 24 characters. */
const MORE_THAN_A_STRING = 2 ** 29
const MORE_THAN_A_BUFFER = 3 * 2 ** 30
const BYTE_ORDER_MARK = '\uFEFF'
/** A label of a host name has at most 63 characters, so no name server is asked. */
const NO_HOST = `${'a'.repeat(64)}.invalid`

/** A file of zeros that takes no space. */
function sparseFile(context: TestContext, bytes: number): string {
  const path = join(temporaryDirectory(context), 'capture')
  writeFileSync(path, '')
  truncateSync(path, bytes)
  return path
}

/** The only line on standard error of a failed command. */
async function failureOf(context: TestContext, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(context, args)
  assert.deepEqual([code, stdout], [1, ''], stderr)
  assert.match(stderr, /^moonmeter: [^\n]+\n$/)
  return stderr
}

test('a file longer than the longest string is read, and rejected at its first bad payload', async (context) => {
  const path = sparseFile(context, MORE_THAN_A_STRING)
  const message = await failureOf(context, ['inspect', path])
  assert.match(message, /capture: payload 1: .*expected a map of operations/)
})

test('a file longer than the longest buffer is rejected with its size', async (context) => {
  const path = sparseFile(context, MORE_THAN_A_BUFFER)
  const message = await failureOf(context, ['inspect', path])
  assert.match(message, /capture: expected a file that can be read, got .*greater than 2 GiB/)
})

test('a file of a secret that has no end is refused', {
  skip: existsSync('/dev/zero') ? false : 'no /dev/zero',
}, async (context) => {
  const args = ['simulate', '--listen', '127.0.0.1:0', '--bearer-token-file', '/dev/zero']
  const message = await failureOf(context, args)
  assert.match(message, /--bearer-token-file: expected .*, got more than 65536 bytes/)
})

test('a trace with a byte order mark is the same trace', async (context) => {
  const directory = temporaryDirectory(context)
  const marked = join(directory, 'marked.jsonl')
  writeFileSync(marked, BYTE_ORDER_MARK + readFileSync(SMALL_TRACE, 'utf8'))
  const totals = await Promise.all(
    [SMALL_TRACE, marked].map(async (trace, index) => {
      const json = join(directory, `${index}.json`)
      const args = [
        '--engines',
        '1',
        '--speed',
        'max',
        '--duration',
        '0',
        '--listen',
        '127.0.0.1:0',
      ]
      const end = await runCommand(context, [
        ...['simulate', '--trace', trace, '--json', json],
        ...args,
      ])
      assert.equal(end.code, 0, end.stderr)
      return countsOf(readResult(json).operations)
    }),
  )
  assert.deepEqual(totals[0], totals[1])
})

test('a byte order mark anywhere else is rejected', async (context) => {
  const path = join(temporaryDirectory(context), 'trace.jsonl')
  const [first, second] = readFileSync(SMALL_TRACE, 'utf8').split('\n')
  writeFileSync(path, `${first}\n${BYTE_ORDER_MARK}${second}\n`)
  const args = ['simulate', '--trace', path, '--listen', '127.0.0.1:0']
  assert.match(await failureOf(context, args), /trace\.jsonl:2: expected a JSON object/)
})

test('a host that has no address is reported with the remedy', async (context) => {
  const message = await failureOf(context, ['simulate', '--listen', `${NO_HOST}:0`])
  assert.match(message, /expected a host that has an address, got [A-Z_]+; give an address of this/)
})

test('hex digits are decoded with any white space between them, and other characters are rejected', () => {
  const text = Buffer.from(' 0a\t1B\r\n\v\fcD9 ')
  const digits = countHexDigits(text)
  assert.equal(digits, 7)
  assert.deepEqual([...decodeHex(text, 6)].slice(0, 3), [0x0a, 0x1b, 0xcd])
  for (const other of ['0g', '0x00', '\u00a0', '-1', '\u0660']) {
    assert.equal(countHexDigits(Buffer.from(other)), undefined, other)
  }
  assert.equal(countHexDigits(new Uint8Array()), 0)
})
