import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  runCommand,
  runCommands,
  SMALL_TRACE,
  temporaryDirectory,
} from '../support/processes/command.js'

const USAGE = 2
const FAILURE = 1
const FREE = ['--listen', '127.0.0.1:0']

/** Invalid arguments with the message for them. */
const USAGE_CASES: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['an unknown command', ['bogus'], /unknown command 'bogus'/],
  ['a misspelt command', ['simulat'], /unknown command 'simulat' \(Did you mean simulate\?\)\n$/],
  ['an unknown option', ['simulate', '--bogus'], /unknown option '--bogus'/],
  [
    'a misspelt option',
    ['simulate', '--engine', '3'],
    /unknown option '--engine' \(Did you mean --engines\?\)\n$/,
  ],
  ['an excess argument', ['simulate', 'extra'], /too many arguments/],
  ['an option without its value', ['simulate', '--engines'], /'--engines <n>' argument missing/],
  ...['0', '-1', 'NaN', 'many', '1.5', '', '4097'].map(
    (value) =>
      [
        `--engines '${value}'`,
        ['simulate', '--engines', value],
        /--engines <n>.*an integer from 1 to 4096/,
      ] as const,
  ),
  ...['0', 'all', '4097'].map(
    (value) =>
      [
        `--threads '${value}'`,
        ['simulate', '--threads', value],
        /--threads <n>.*an integer from 1 to 4096/,
      ] as const,
  ),
  ...['0', '-1', 'NaN', 'fast', '', 'Infinity', '1e-9'].map(
    (value) =>
      [
        `--speed '${value}'`,
        ['simulate', ...FREE, '--speed', value, '--duration', '0.1'],
        /--speed <x>.*number.*'?max'?/,
      ] as const,
  ),
  ...['-1', 'NaN', 'long', '', 'Infinity'].map(
    (value) =>
      [
        `--duration '${value}'`,
        ['simulate', '--duration', value],
        /--duration <s>.*a number from 0/,
      ] as const,
  ),
  ...['-1', 'NaN', '1.5', 'x'].map(
    (value) => [`--seed '${value}'`, ['simulate', '--seed', value], /--seed <n>/] as const,
  ),
  [
    'an unknown scenario',
    ['simulate', '--scenario', 'slow'],
    /--scenario <name>.*Expected one of slow-network, slow-engine, error-burst, .*series-limit\./,
  ],
  ...['--scenario-after', '--scenario-for'].flatMap((option) => [
    [
      `${option} without a scenario`,
      ['simulate', option, '1'],
      new RegExp(`${option}: expected --scenario, too, got none`),
    ] as const,
    ...['-1', 'NaN', 'x', ''].map(
      (value) =>
        [
          `${option} '${value}'`,
          ['simulate', '--scenario', 'slow-network', option, value],
          new RegExp(`${option} <s>.*a number from 0`),
        ] as const,
    ),
  ]),
  ...['-0.1', '1.1', 'NaN', 'x'].map(
    (value) =>
      [`--error-rate '${value}'`, ['simulate', '--error-rate', value], /from 0 to 1/] as const,
  ),
  ...['0', '-1', 'NaN', 'x'].map(
    (value) =>
      [`--block-tokens '${value}'`, ['simulate', '--block-tokens', value], /block/] as const,
  ),
  ...['-1', 'NaN', 'x'].map(
    (value) =>
      [`--bytes-per-block '${value}'`, ['simulate', '--bytes-per-block', value], /bytes/] as const,
  ),
  ...['', 'a b', 'a/b', 'a'.repeat(41)].map(
    (value) =>
      [`--uid '${value}'`, ['dashboard', '--uid', value], /--uid <uid>.*up to 40 letters/] as const,
  ),
  ...['--title', '--job'].map(
    (option) => [`${option} ''`, ['dashboard', option, ''], /non-empty text/] as const,
  ),
  ...['1app_', 'my-app_', 'a'.repeat(256)].map(
    (value) =>
      [
        `--prefix '${value}'`,
        ['dashboard', '--prefix', value],
        /prefix: expected the beginning of a metric name/,
      ] as const,
  ),
  ['an argument of dashboard', ['dashboard', 'file.json'], /too many arguments/],
  ['an unknown option of dashboard', ['dashboard', '--model', 'm'], /unknown option '--model'/],
  ...['', 'here', '127.0.0.1', ':80', '127.0.0.1:65536', '127.0.0.1:-1', '::1:80'].map(
    (value) =>
      [`--listen '${value}'`, ['simulate', '--listen', value], /HOST:PORT, such as/] as const,
  ),
  ['an unknown log format', ['simulate', '--log-format', 'xml'], /text, json/],
  ['an unknown output format', ['inspect', '--format', 'xml'], /text, prometheus, json/],
  ...['', '5', 'soon', '-5m', '0', '1.5h', '366d'].map(
    (value) =>
      [
        `--window '${value}'`,
        ['rules', '--window', value],
        /--window <d>.*a duration from 1s to 365d, such as 30s, 5m or 1h/,
      ] as const,
  ),
  ...['', '-0.1', '5%', '1.1', 'NaN'].map(
    (value) =>
      [
        `--failed-keys '${value}'`,
        ['rules', '--failed-keys', value],
        /--failed-keys <r>.*a number from 0 to 1/,
      ] as const,
  ),
  ...['0', '1.5', 'many'].map(
    (value) =>
      [`--restarts '${value}'`, ['rules', '--restarts', value], /an integer from 1/] as const,
  ),
  ...['1app_', 'my-app', 'a b'].map(
    (value) =>
      [
        `--prefix '${value}'`,
        ['rules', '--prefix', value],
        /prefix: expected the beginning of a metric name, .* got ".*"/,
      ] as const,
  ),
  ['an empty job', ['rules', '--job', ''], /--job <name>.*a non-empty text/],
  ['an argument of rules', ['rules', 'rules.yml'], /too many arguments/],
  ['a negative engine index', ['inspect', '--engine', '-1'], /--engine <n>/],
]

test('invalid arguments are refused with a one-line message and exit code 2', async (context) => {
  const ends = await runCommands(
    context,
    USAGE_CASES.map(([, args]) => args),
  )
  for (const [index, [what, , message]] of USAGE_CASES.entries()) {
    await context.test(what, () => {
      const { code, stdout, stderr } = ends[index]
      assertOneLine(stderr, message)
      assert.equal(stdout, '')
      assert.equal(code, USAGE)
    })
  }
})

test('a process with invalid arguments ends with exit code 2', async (context) => {
  const { code, stdout, stderr } = await runCommand(context, ['simulate', '--engines', '0'])
  assertOneLine(stderr, /an integer from 1 to 4096/)
  assert.deepEqual([code, stdout], [USAGE, ''])
})

test('a missing trace is reported on one line with exit code 1', async (context) => {
  const path = join(temporaryDirectory(context), 'missing.jsonl')
  const { code, stdout, stderr } = await runCommand(context, ['simulate', ...FREE, '--trace', path])
  assertOneLine(stderr, /missing\.jsonl: expected a file that can be read, got .*ENOENT/)
  assert.equal(stdout, '')
  assert.equal(code, FAILURE)
})

test('a malformed trace line is reported with file, line number and expectation', async (context) => {
  const directory = temporaryDirectory(context)
  const lines = readFileSync(SMALL_TRACE, 'utf8').split('\n')
  const broken: readonly (readonly [string, RegExp])[] = [
    ['{"timestamp":', /expected a JSON object, got/],
    ['[]', /expected a JSON object, got/],
    ['{"timestamp":-1,"input_length":1,"output_length":1,"hash_ids":[1]}', /'timestamp'/],
    ['{"timestamp":1,"input_length":1,"output_length":1,"hash_ids":[]}', /1 'hash_ids' for 1 tok/],
    [
      '{"timestamp":1,"input_length":1,"output_length":1,"hash_ids":["a"]}',
      /'hash_ids\[0\]' to be/,
    ],
  ]
  const paths = broken.map(([line], index) => {
    const path = join(directory, `bad-${index}.jsonl`)
    writeFileSync(path, [...lines.slice(0, 2), line, ...lines.slice(2)].join('\n'))
    return path
  })
  const ends = await runCommands(
    context,
    paths.map((path) => ['simulate', ...FREE, '--trace', path]),
  )
  for (const [index, end] of ends.entries()) {
    assertOneLine(end.stderr, broken[index][1])
    assert.ok(end.stderr.includes(`${paths[index]}:3: `), end.stderr)
    assert.equal(end.stdout, '')
    assert.equal(end.code, FAILURE)
  }
})

test('a port in use is reported on one line with exit code 1', async (context) => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  context.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const args = ['simulate', '--listen', `127.0.0.1:${port}`]
  const { code, stdout, stderr } = await runCommand(context, args)
  assertOneLine(stderr, new RegExp(`127\\.0\\.0\\.1:${port}: .*in use.*another port`))
  assert.equal(stdout, '')
  assert.equal(code, FAILURE)
})

test('a JSON file that cannot be written is reported before the run', async (context) => {
  const directory = temporaryDirectory(context)
  const paths = [join(directory, 'missing', 'result.json'), directory]
  const ends = await runCommands(
    context,
    paths.map((path) => ['simulate', ...FREE, '--json', path]),
  )
  for (const end of ends) {
    assertOneLine(end.stderr, /--json: expected a file that can be written, got /)
    assert.equal(end.stdout, '')
    assert.ok(end.code === USAGE || end.code === FAILURE)
  }
})

test('a run that cannot start does not change or create the JSON file', async (context) => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  context.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const directory = temporaryDirectory(context)
  const kept = join(directory, 'kept.json')
  writeFileSync(kept, '{"kept":true}\n')
  const fresh = join(directory, 'fresh.json')
  const ends = await runCommands(
    context,
    [kept, fresh].map((json) => ['simulate', '--listen', `127.0.0.1:${port}`, '--json', json]),
  )
  for (const { code } of ends) assert.equal(code, FAILURE)
  assert.equal(readFileSync(kept, 'utf8'), '{"kept":true}\n')
  assert.equal(existsSync(fresh), false)
})

test('a file name with a line break is reported on one line', async (context) => {
  const path = join(temporaryDirectory(context), 'two\nlines')
  const ends = await runCommands(context, [
    ['inspect', path],
    ['simulate', ...FREE, '--trace', path],
  ])
  for (const { code, stderr } of ends) {
    assertOneLine(stderr, /ENOENT/)
    assert.equal(code, FAILURE)
  }
})

test('without a command the help is printed, with exit code 2', async (context) => {
  const { code, stdout, stderr } = await runCommand(context, [])
  assert.match(stderr, /^Usage: moonmeter/)
  assert.equal(stdout, '')
  assert.equal(code, USAGE)
})

test('help and version go to standard output, with exit code 0', async (context) => {
  const { version } = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
  )
  const shown = await runCommand(context, ['--version'])
  assert.deepEqual(shown, { code: 0, signal: null, stdout: `${version}\n`, stderr: '' })
  const lines = [['--help'], ['help'], ['simulate', '--help'], ['inspect', '--help']]
  for (const { code, stdout, stderr } of await runCommands(context, lines)) {
    assert.match(stdout, /^Usage: moonmeter/)
    assert.deepEqual([code, stderr], [0, ''])
  }
})

function assertOneLine(stderr: string, message: RegExp): void {
  assert.match(stderr, /^(moonmeter|error): [^\n]+\n$/)
  assert.match(stderr, message)
}
