import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  runCommand,
  scrape,
  servedUrl,
  startCommand,
  temporaryDirectory,
} from '../support/processes/command.js'
import {
  SKIP_TERMINAL,
  startOnTerminal,
  type TerminalOptions,
} from '../support/processes/on-terminal.js'

/** Clears the line and moves the cursor to its start. */
const CLEAR = '\r\u001b[2K'
const CTRL_C = '\u0003'
const STATUS = /^\d+\.\d s {2}2 engines {2}[\d,]+ rows \([\d,]+ per second\)$/
const METRICS = / info {2}KV Transfer metrics: .*_count=/
const ARGS = ['simulate', '--engines', '2', '--listen', '127.0.0.1:0', '--duration']
const FAST_TIMERS = new URL('../support/processes/fast-timers.js', import.meta.url).href
const FAILING_METRIC = new URL('../support/processes/failing-metric.js', import.meta.url).href

/** Simulates on a pseudo-terminal until two status lines contained rows; returns the output. */
async function simulateOnTerminal(
  context: TestContext,
  options: TerminalOptions,
  ...more: readonly string[]
): Promise<string> {
  const simulation = startOnTerminal(context, [...ARGS, '0', ...more], {
    ...options,
    input: { open: true },
    nodeArgs: ['--import', FAST_TIMERS],
  })
  await simulation.waitForStdout(/( 2 engines {2}[1-9].*){2}/s)
  simulation.type(CTRL_C)
  const { code, stdout } = await simulation.end()
  assert.equal(code, 0, stdout)
  return stdout
}

/** The status lines in an output, each replaced by the text after it. */
function statusesOf(written: string): string[] {
  const [, ...pieces] = written.split(CLEAR)
  return pieces
    .map((piece) => piece.split('\r')[0] ?? '')
    .filter((piece) => piece.includes(' rows ('))
}

test('on a terminal the status line is rewritten in place, and removed at the end', {
  skip: SKIP_TERMINAL,
}, async (context) => {
  const written = await simulateOnTerminal(context, { columns: 120, env: { NO_COLOR: '1' } })
  const statuses = statusesOf(written)
  assert.ok(statuses.length >= 2, written)
  for (const status of statuses) assert.match(status, STATUS)
  // No line feed follows a status line before it is cleared.
  assert.doesNotMatch(written, /per second\)\r?\n(?!\r?\noperation)/)
  assert.ok(written.lastIndexOf(CLEAR) < written.indexOf('\noperation'))
  assert.match(written, /^\d\d:\d\d:\d\d info {2}serving http:\S+\/ and \/metrics\r\n/)
})

test('the status line is cut to the width of the terminal, if that is known', {
  skip: SKIP_TERMINAL,
}, async (context) => {
  // Wide enough for `statusesOf` to find the status lines, but too narrow for a whole one.
  const widths = [40, 0]
  const written = await Promise.all(
    widths.map((columns) => simulateOnTerminal(context, { columns })),
  )
  const [narrow, unknown] = written.map(statusesOf)
  assert.ok(narrow.length >= 2)
  for (const status of narrow) assert.equal(status.length, 39)
  assert.ok(unknown.length >= 2)
  for (const status of unknown) assert.match(status, STATUS)
})

test('a terminal without control sequences gets the status as lines', {
  skip: SKIP_TERMINAL,
}, async (context) => {
  const written = await simulateOnTerminal(context, { columns: 80, env: { TERM: 'dumb' } })
  assert.equal(written.includes('\u001b'), false)
  const lines = written.split('\r\n')
  assert.ok(lines.filter((line) => STATUS.test(line)).length >= 2, written)
})

test('a terminal does not show lines of metrics; the file of --log has them', {
  skip: SKIP_TERMINAL,
}, async (context) => {
  const file = join(temporaryDirectory(context), 'moonmeter.log')
  const written = await Promise.all([
    simulateOnTerminal(context, { columns: 80 }),
    simulateOnTerminal(context, { columns: 80 }, '--log', file),
  ])
  for (const text of written) {
    assert.match(text, / info {2}serving http:.* info {2}SIGINT: stopping/s)
    assert.doesNotMatch(text, /KV Transfer metrics/)
  }
  const [first, ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n')
  assert.match(first ?? '', /^\d{4}-\d\d-\d\dT[\d:.]+Z info {2}serving http:/)
  // The last interval may have no rows and therefore no line.
  assert.ok(lines.some((line) => METRICS.test(line)))
  for (const line of lines) assert.match(line, new RegExp(`${METRICS.source}|SIGINT: stopping`))
})

test('--log appends in the format of the log, and without a terminal both outputs have all lines', async (context) => {
  const file = join(temporaryDirectory(context), 'moonmeter.log')
  const args = [...ARGS, '0.2', '--log-format', 'json', '--log', file]
  const first = await runCommand(context, args)
  const second = await runCommand(context, args)
  assert.deepEqual([first.code, second.code], [0, 0], first.stderr + second.stderr)
  const logOf = ({ stderr }: { readonly stderr: string }) =>
    stderr.split('\n').filter((line) => !STATUS.test(line))
  const log = readFileSync(file, 'utf8').split('\n')
  assert.deepEqual(log, [...logOf(first).slice(0, -1), ...logOf(second)])
  const messages = logOf(second)
    .slice(0, -1)
    .map((line) => JSON.parse(line).msg)
  assert.equal(messages.length, 2)
  assert.match(messages[0], /^serving http:/)
  assert.match(messages[1], /^KV Transfer metrics: /)
})

test('a log file that cannot be written is reported before the run', async (context) => {
  const args = [...ARGS, '0.2', '--log', temporaryDirectory(context)]
  const { code, stdout, stderr } = await runCommand(context, args)
  assert.match(
    stderr,
    /^moonmeter: --log: expected a file that can be written, got EISDIR[^\n]+\n$/,
  )
  assert.deepEqual([code, stdout], [1, ''])
})

test('a log file that becomes unwritable is reported once, and does not end the run', {
  skip: process.platform === 'linux' ? false : 'needs /dev/full',
}, async (context) => {
  const { code, stderr } = await runCommand(context, [...ARGS, '0.2', '--log', '/dev/full'])
  assert.equal(code, 0, stderr)
  const reports = stderr.match(/--log: expected a file that can be written, got ENOSPC.*\n/g)
  assert.equal(reports?.length, 1, stderr)
})

test('without a terminal, status and log lines are written every ten seconds', async (context) => {
  const nodeArgs = ['--import', FAST_TIMERS]
  const simulation = startCommand(context, [...ARGS, '0'], { nodeArgs })
  await simulation.waitForStderr(/(\d s {2}2 engines .*){2}/s)
  await simulation.waitForStderr(/(KV Transfer metrics: .*){2}/s)
  simulation.kill('SIGTERM')
  const { code, stdout, stderr } = await simulation.end()
  assert.equal(code, 0, stderr)
  assert.equal(`${stdout}${stderr}`.includes('\u001b'), false)
  const lines = stderr.trimEnd().split('\n')
  const statuses = lines.filter((line) => STATUS.test(line))
  const logged = lines.filter((line) => METRICS.test(line))
  assert.ok(statuses.length >= 2 && logged.length >= 2, stderr)
  // Each log line covers the interval since the one before, the last one until the end.
  const rows = logged.map((line) => Number(/lookup_exists_count=(\d+)/.exec(line)?.[1]))
  const [, total = ''] = /^lookup_exists +([\d,]+)/m.exec(stdout) ?? []
  assert.equal(
    rows.reduce((sum, count) => sum + count),
    Number(total.replaceAll(',', '')),
  )
})

test('a scrape that fails is logged with the reason, which the client does not get', async (context) => {
  const nodeArgs = ['--import', FAILING_METRIC]
  const simulation = startCommand(context, [...ARGS, '0'], { nodeArgs })
  const url = await servedUrl(simulation)
  await assert.rejects(scrape(url), /500/)
  const body = await (await fetch(`${url}/metrics`)).text()
  assert.doesNotMatch(body, /no such sensor/)
  simulation.kill('SIGTERM')
  const { code, stderr } = await simulation.end()
  assert.equal(code, 0, stderr)
  assert.match(stderr, / error a scrape failed: .*no such sensor\n/)
  assert.doesNotMatch(stderr, /Warning/)
})
