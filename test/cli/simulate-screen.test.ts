import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { temporaryDirectory } from '../support/processes/command.js'
import { SKIP_TMUX, thenReport, TmuxTerminal } from '../support/processes/tmux.js'

const ARGS = ['simulate', '--engines', '2', '--listen', '127.0.0.1:0', '--duration']
const THROW_ON_SIGNAL = new URL('../support/processes/throw-on-signal.js', import.meta.url).href
const LIVE = /^ {2}load_get (.*\n)+ {2}1 +[\d,.]+ /m

describe('simulate on a terminal', { skip: SKIP_TMUX, concurrency: true }, () => {
  test('shows its figures live, and then the log and the result', async (context) => {
    const json = join(temporaryDirectory(context), 'result.json')
    const terminal = await TmuxTerminal.start(context, thenReport([...ARGS, '0', '--json', json]), {
      rows: 44,
    })
    await terminal.waitFor(LIVE)
    const lines = await terminal.lines()
    assert.match(lines[0], /^moonmeter simulate · \d+ s · llama-3-70b.* last 1 min .* ● live$/)
    // The log is within the picture.
    assert.match(
      lines.at(-2) ?? '',
      /^\d\d:\d\d:\d\d info {2}serving http:\/\/127\.0\.0\.1:\d+\/ and \/metrics$/,
    )
    assert.match(lines.at(-1) ?? '', /^q quit /)
    await terminal.resize(60, 44)
    await terminal.waitFor(/^q quit {2}space pause {2}w window {2}o operation {2}e engine$/m)
    await terminal.press('p', 'o')
    await terminal.waitFor(/ · load_get {2}● live$/m)
    await terminal.press('C-c')
    const text = await terminal.assertLeft(0)
    assert.match(
      text,
      /^[\d:]+ info {2}serving http:.*\n[\d:]+ info {2}SIGINT: stopping; .*\n+[\d,]+ rows of 2 engines in /m,
    )
    assert.ok(JSON.parse(readFileSync(json, 'utf8')).rows > 0)
  })

  test('shows the elapsed part of the duration, and ends after it', async (context) => {
    const terminal = await TmuxTerminal.start(context, thenReport([...ARGS, '2']), { rows: 40 })
    await terminal.waitFor(/^moonmeter simulate · \d of 2 s · llama-3-70b/)
    await terminal.waitFor(/ rows of 2 engines in (.*\n)+code 0$/m)
    assert.equal(await terminal.format('#{alternate_on} #{cursor_flag}'), '0 1')
  })

  test('an exception restores the terminal, and is readable', async (context) => {
    const pidFile = join(temporaryDirectory(context), 'pid')
    const command = thenReport([...ARGS, '0'], ['--import', THROW_ON_SIGNAL])
    const terminal = await TmuxTerminal.start(context, command, { env: { PID_FILE: pidFile } })
    await terminal.waitFor(LIVE)
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGUSR2')
    await terminal.waitFor(/Error: planted failure(.*\n)+code 1$/m)
    const text = await terminal.assertLeft(1)
    // The log so far is also printed.
    assert.match(text, / info {2}serving http:\S+\/ and \/metrics$/m)
  })

  test('a terminal that is too small has the status line', async (context) => {
    const status = /^\d+\.\d s {2}2 engines {2}[\d,]+ rows/m
    await Promise.all(
      [
        { columns: 59, rows: 24 },
        { columns: 80, rows: 15 },
      ].map(async (size) => {
        const terminal = await TmuxTerminal.start(context, thenReport([...ARGS, '0']), size)
        await terminal.waitFor(status)
        assert.equal(await terminal.format('#{alternate_on} #{cursor_flag}'), '0 1')
        await terminal.press('C-c')
        await terminal.waitFor(/^code 0$/m)
      }),
    )
  })
})
