import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Child } from '../support/processes/child.js'
import { COMMAND_FILE } from '../support/processes/command.js'
import { isOnPath } from '../support/processes/on-path.js'

/** Clears the line and moves the cursor to its start. */
const CLEAR = '\r\u001b[2K'
const STATUS = /^\d+\.\d s {2}2 engines {2}[\d,]+ rows \([\d,]+ per second\)$/
const ARGS = ['simulate', '--engines', '2', '--listen', '127.0.0.1:0', '--duration']
const FAST_INTERVALS = new URL('../support/processes/fast-intervals.js', import.meta.url).href
const SKIP =
  process.platform === 'linux' && isOnPath('script')
    ? false
    : "no pseudo-terminal: util-linux's script is absent"

/** Runs the command for a few status lines on a pseudo-terminal; returns its output. */
async function runOnTerminal(context: TestContext, setup: string) {
  const command = [process.execPath, COMMAND_FILE, ...ARGS, '1.6'].map(
    (argument) => `'${argument}'`,
  )
  const line = `${setup}${command.join(' ')}`
  const { code, stdout } = await new Child(context, 'script', ['-qec', line, '/dev/null']).end()
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
  skip: SKIP,
}, async (context) => {
  const written = await runOnTerminal(context, 'stty columns 120; ')
  const statuses = statusesOf(written)
  assert.ok(statuses.length >= 2, written)
  for (const status of statuses) assert.match(status, STATUS)
  // No line feed follows a status line before it is cleared.
  assert.doesNotMatch(written, /per second\)\r?\n(?!\r?\noperation)/)
  assert.ok(written.lastIndexOf(CLEAR) < written.indexOf('\noperation'))
  assert.match(written, /serving http:\S+\r\n/)
})

test('the status line is cut to the width of the terminal, if that is known', {
  skip: SKIP,
}, async (context) => {
  // Wide enough for `statusesOf` to find the status lines, but too narrow for a whole one.
  const setups = ['stty columns 40; ', 'stty columns 0; ']
  const written = await Promise.all(setups.map((setup) => runOnTerminal(context, setup)))
  const [narrow, unknown] = written.map(statusesOf)
  assert.ok(narrow.length >= 2)
  for (const status of narrow) assert.equal(status.length, 39)
  assert.ok(unknown.length >= 2)
  for (const status of unknown) assert.match(status, STATUS)
})

test('without a terminal, status and log lines are written every ten seconds', async (context) => {
  const args = ['--import', FAST_INTERVALS, COMMAND_FILE, ...ARGS, '0']
  const simulation = new Child(context, process.execPath, args)
  await simulation.waitForStderr(/(\d s {2}2 engines .*){2}/s)
  await simulation.waitForStderr(/(KV Transfer metrics: .*){2}/s)
  simulation.kill('SIGTERM')
  const { code, stdout, stderr } = await simulation.end()
  assert.equal(code, 0, stderr)
  assert.equal(`${stdout}${stderr}`.includes('\u001b'), false)
  const lines = stderr.trimEnd().split('\n')
  const statuses = lines.filter((line) => STATUS.test(line))
  const logged = lines.filter((line) => / info {2}KV Transfer metrics: /.test(line))
  assert.ok(statuses.length >= 2 && logged.length >= 3, stderr)
  // Each log line covers the interval since the one before, the last one until the end.
  const rows = logged.map((line) => Number(/lookup_exists_count=(\d+)/.exec(line)?.[1]))
  const [, total = ''] = /^lookup_exists +([\d,]+)/m.exec(stdout) ?? []
  assert.equal(
    rows.reduce((sum, count) => sum + count),
    Number(total.replaceAll(',', '')),
  )
})
