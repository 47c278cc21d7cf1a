import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { ruleFile } from '../../src/rules/rule-file.js'
import { runCommand, runCommands } from '../support/processes/command.js'
import {
  runOnTerminal,
  SKIP_TERMINAL,
  startOnTerminal,
  type TerminalOptions,
} from '../support/processes/on-terminal.js'

const SAMPLE = ['inspect', '--sample']
const COMMANDS = ['simulate', 'top', 'inspect', 'dashboard', 'rules', 'completion']
const HELPS = [['--help'], ...COMMANDS.map((command) => [command, '--help'])]
const LOADED_PACKAGES = new URL('../support/processes/loaded-packages.js', import.meta.url).href
const [ESCAPE, BOLD, RED] = ['\u001b', '\u001b[1m', '\u001b[31m']
/** A report of one row, in hex. */
const HEX = '81a26f709182b06475726174696f6e5f7365636f6e647301a86e756d5f6b65797301\n'

async function linesOnTerminal(
  context: TestContext,
  args: readonly string[],
  options: TerminalOptions,
): Promise<string[]> {
  const { code, stdout } = await runOnTerminal(context, args, options)
  assert.equal(code, 0, stdout)
  return stdout.trimEnd().split('\r\n')
}

function assertFits(lines: readonly string[], columns: number): void {
  for (const line of lines) {
    assert.ok(stripVTControlCharacters(line).length <= columns, `${columns}: ${line}`)
  }
}

for (const columns of [60, 80, 120]) {
  test(`the output fits ${columns} columns of a terminal`, {
    skip: SKIP_TERMINAL,
  }, async (context) => {
    const outputs = await Promise.all(
      [SAMPLE, ...HELPS].map((args) => linesOnTerminal(context, args, { columns })),
    )
    for (const lines of outputs) assertFits(lines, columns)
    const headings = outputs[0]?.filter((line) => line.includes(BOLD)) ?? []
    // Durations are in separate tables if they do not fit next to the counts.
    assert.equal(headings.length, columns < 120 ? 4 : 2)
    // Descriptions of options wrap, beside the options.
    assert.match(outputs[2]?.join('\n') ?? '', /\n {30}\S/)
  })
}

test('a terminal narrower than 60 columns gets lines for 60', {
  skip: SKIP_TERMINAL,
}, async (context) => {
  const [narrow, sixty] = await Promise.all(
    [30, 60].map((columns) => linesOnTerminal(context, SAMPLE, { columns })),
  )
  assert.deepEqual(narrow, sixty)
})

test('without a terminal, the output has no colours and fits 80 columns', async (context) => {
  const ends = await runCommands(context, [SAMPLE, ...HELPS])
  for (const { code, stdout } of ends) {
    assert.equal(code, 0)
    assert.equal(stdout.includes(ESCAPE), false)
    assertFits(stdout.split('\n'), 80)
  }
})

for (const [what, env] of [
  ['NO_COLOR', { NO_COLOR: '1' }],
  ['a terminal without colours', { TERM: 'dumb' }],
] as const) {
  test(`${what} means no colours`, { skip: SKIP_TERMINAL }, async (context) => {
    const options = { columns: 80, env }
    const outputs = await Promise.all(
      [SAMPLE, ['--help']].map((args) => linesOnTerminal(context, args, options)),
    )
    const failed = await runOnTerminal(context, ['bogus'], options)
    for (const text of [...outputs.flat(), failed.stdout]) {
      assert.equal(text.includes(ESCAPE), false, text)
    }
  })
}

test('headings are bold and errors red on a terminal with colours', {
  skip: SKIP_TERMINAL,
}, async (context) => {
  const [sample = [], help = []] = await Promise.all(
    [SAMPLE, ['simulate', '--help']].map((args) => linesOnTerminal(context, args, { columns: 80 })),
  )
  assert.ok(sample.some((line) => line.startsWith(`${BOLD}operation `)))
  for (const title of ['Usage:', 'Options:', 'Examples:']) {
    assert.ok(
      help.some((line) => line.startsWith(`${BOLD}${title}`)),
      title,
    )
  }
  const failed = await runOnTerminal(context, ['bogus'], { columns: 80 })
  assert.ok(failed.stdout.startsWith(`${RED}moonmeter:`), failed.stdout)
})

test('help loads no packages but commander, and inspect neither pool nor logger', async (context) => {
  const nodeArgs = ['--import', LOADED_PACKAGES]
  const [inspected, ...helps] = await Promise.all(
    [SAMPLE, ...HELPS].map(async (args) => {
      const { code, stderr } = await runCommand(context, args, { nodeArgs })
      assert.equal(code, 0, stderr)
      return stderr.trimEnd().split(' ')
    }),
  )
  for (const packages of helps) assert.deepEqual(packages, ['commander'])
  assert.ok(inspected?.includes('prom-client'))
  for (const name of ['piscina', 'pino']) assert.equal(inspected?.includes(name), false, name)
})

test('the help of each command ends with examples', async (context) => {
  for (const { stdout } of await runCommands(context, HELPS)) {
    const [, examples = ''] = stdout.split('\nExamples:\n')
    assert.match(examples, /^( {2}\S.*\n {6}\S.*\n){3,}$/)
  }
})

test('inspect on a terminal prints what it waits for and how to end it', {
  skip: SKIP_TERMINAL,
}, async (context) => {
  const inspecting = startOnTerminal(context, ['inspect'], { columns: 60, input: { open: true } })
  await inspecting.waitForStdout(/waiting for payloads.*\r\n.*Ctrl-D .*\r\n.*--sample.*\r\n/)
  const hint = inspecting.stdout
  assertFits(hint.split('\r\n'), 60)
  inspecting.type(HEX)
  inspecting.type('\u0004')
  const { code, stdout } = await inspecting.end()
  assert.equal(code, 0, stdout)
  assert.match(stdout.slice(hint.length), /^1 payload, 1 row\r\n/)
})

test('inspect prints no such message if its input is a pipe or a file', async (context) => {
  const { code, stderr } = await runCommand(context, ['inspect'], { input: HEX })
  assert.deepEqual([code, stderr], [0, ''])
})

test('the sample has rows of one engine and a report of another, in each format', async (context) => {
  const formats = ['text', 'json', 'prometheus']
  const [text, json, prometheus] = await runCommands(
    context,
    formats.map((format) => [...SAMPLE, '--format', format]),
  )
  assert.match(text?.stdout ?? '', /^2 payloads, 205 rows\n/)
  const { payloads, engines } = JSON.parse(json?.stdout ?? '')
  assert.deepEqual([payloads, engines['0'].calls, engines['1'].calls], [2, 4, 201])
  assert.match(
    prometheus?.stdout ?? '',
    /^vllm:mooncake_store_operation_failed_keys_total\{.*engine="1",operation="save_put".*\} 4$/m,
  )
})

test('a file and --sample together are refused', async (context) => {
  const [end] = await runCommands(context, [[...SAMPLE, 'capture.bin']])
  assert.deepEqual([end?.code, end?.stdout], [2, ''])
  assert.match(end?.stderr ?? '', /^moonmeter: inspect: expected a file or --sample, got both /)
})

test('rules prints the rules of its options, and loads only the packages that it needs', async (context) => {
  const nodeArgs = ['--import', LOADED_PACKAGES]
  const args = ['rules', '--window', '90s', '--burst-window', '2m', '--job', 'kv', '--prefix', 'a_']
  const { code, stdout, stderr } = await runCommand(context, args, { nodeArgs })
  assert.equal(code, 0, stderr)
  assert.deepEqual(stderr.trimEnd().split(' ').sort(), ['commander', 'yaml'])
  const options = { windowSeconds: 90, burstWindowSeconds: 120, job: 'kv', prefix: 'a_' }
  assert.equal(stdout, ruleFile(options))
})
