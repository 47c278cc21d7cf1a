import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { COMMAND_FILE, temporaryDirectory } from '../support/processes/command.js'
import { startLiveServer } from '../support/processes/live-server.js'
import { skipWithout } from '../support/processes/on-path.js'
import { SKIP_TMUX, thenReport, type TmuxOptions, TmuxTerminal } from '../support/processes/tmux.js'

const THROW_ON_SIGNAL = new URL('../support/processes/throw-on-signal.js', import.meta.url).href
const OUTLIER =
  /^! 3 .*\n {2}└ p99 4\d\d ms, [\d.]+ × the median of the other engines since \d\d:\d\d$/m

function startTop(context: TestContext, url: string, options?: TmuxOptions): Promise<TmuxTerminal> {
  return TmuxTerminal.start(context, thenReport(['top', url]), options)
}

describe('top on a terminal', { skip: SKIP_TMUX, concurrency: true }, () => {
  test('top shows a server live, follows a resize, and obeys keys', async (context) => {
    const { url } = await startLiveServer(context)
    const terminal = await startTop(context, url)
    await terminal.waitFor(OUTLIER)
    const first = await terminal.lines()
    assert.equal(first.length, 24)
    assert.match(
      first[0],
      /^moonmeter · llama-3-70b · 4 engines +last 5 min · all operations {2}● live$/,
    )
    assert.match(
      first[1],
      /^[\d,.]+ ops\/s +[\d.]+ [kMG]B\/s +\d+(\.\d+)? % failed keys +4 of 4 engines up$/,
    )
    assert.match(first[23], /^q quit .* ↑↓ move$/)
    assert.match(first.join('\n'), /^ {2}load_get .*\n {2}save_put /m)
    const figures = first[1]
    await terminal.waitFor(
      new RegExp(`^(?!${figures.replace(/[.*+?^$()|]/g, '\\$&')}$).* ops/s`, 'm'),
    )

    await terminal.press('o')
    await terminal.waitFor(/last 5 min · load_get {2}● live\n(.*\n)+• load_get /)
    await terminal.press('s')
    await terminal.waitFor(/last 5 min · load_get · status error {2}● live\n/)
    await terminal.press('a', 'w')
    await terminal.waitFor(/last 15 min · all operations/)
    await terminal.press('Down', 'Down')
    await terminal.waitFor(/^▸ 0 /m)
    await terminal.press('Enter')
    await terminal.waitFor(/ · engine 0 {2}● live/)
    await terminal.press('Right')
    await terminal.waitFor(/ ops\/s↓ /)
    await terminal.press('Space')
    await terminal.waitFor(/‖ paused$/m)
    await terminal.press('?')
    await terminal.waitFor(/^ {2}q, Ctrl-C +quit$/m)
    await terminal.press('?', 'Space')
    await terminal.waitFor(/● live$/m)

    await terminal.resize(60, 24)
    await terminal.waitFor(/^q quit {2}space pause {2}w window {2}o operation {2}e engine$/m)
    const narrow = await terminal.lines()
    assert.equal(narrow.length, 24)
    assert.match(narrow[1], / % failed( keys)? +4 of 4 up$/)
    await terminal.resize(120, 40)
    await terminal.waitFor(/ {2}last report {2}restarts {2}trend$/m)
    await terminal.waitFor(/ {2}\? help$/m)
    await terminal.press('q')
    await terminal.assertLeft(0)
  })

  test('Ctrl-C, SIGTERM and an exception restore the terminal', async (context) => {
    const { url } = await startLiveServer(context)
    const ends = [
      ['Ctrl-C', 0],
      ['SIGTERM', 0],
      ['SIGUSR2', 1],
    ] as const
    await Promise.all(
      ends.map(async ([name, code]) => {
        const pidFile = join(temporaryDirectory(context), 'pid')
        const command = thenReport(['top', url], ['--import', THROW_ON_SIGNAL])
        const terminal = await TmuxTerminal.start(context, command, { env: { PID_FILE: pidFile } })
        await terminal.waitFor(OUTLIER)
        assert.equal(await terminal.format('#{alternate_on} #{cursor_flag}'), '1 0')
        if (name === 'Ctrl-C') await terminal.press('C-c')
        else process.kill(Number(readFileSync(pidFile, 'utf8')), name)
        const text = await terminal.assertLeft(code)
        // An exception is printed after the restoration, so it is readable.
        assert.equal(/Error: planted failure/.test(text), name === 'SIGUSR2', text)
      }),
    )
  })

  test('Ctrl-Z shows the shell, and fg shows the figures again', {
    skip: skipWithout('bash'),
  }, async (context) => {
    const { url } = await startLiveServer(context)
    const terminal = await TmuxTerminal.start(context, ['bash', '--norc', '--noprofile', '-i'])
    await terminal.type(`'${process.execPath}' '${COMMAND_FILE}' top '${url}'`)
    await terminal.press('Enter')
    await terminal.waitFor(OUTLIER)
    await terminal.press('C-z')
    await terminal.waitFor(/Stopped/)
    assert.equal(await terminal.format('#{alternate_on} #{cursor_flag}'), '0 1')
    await terminal.type('fg')
    await terminal.press('Enter')
    await terminal.waitFor(OUTLIER)
    await terminal.press('q')
    await terminal.waitFor(/Stopped/)
    await terminal.type('echo "code $?"; stty -a')
    await terminal.press('Enter')
    await terminal.assertLeft(0)
  })

  test('figures are faint while a server is stopped, and normal when it runs again', async (context) => {
    const { url, port, close } = await startLiveServer(context)
    const terminal = await startTop(context, url)
    await terminal.waitFor(OUTLIER)
    await close()
    await terminal.waitFor(/ no data for \d+ s, reconnecting$/m)
    await terminal.waitFor(/ECONNREFUSED 127\.0\.0\.1:\d+; next attempt in \d+ s\n/)
    const [before] = (await terminal.styled()).split('load_get', 1)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these begin and end what is faint
    assert.equal(before.match(/\u001b\[(?:0|2|22)m/g)?.at(-1), '\u001b[2m')
    await startLiveServer(context, { port, engines: 2 })
    await terminal.waitFor(/2 engines .*● live\n/)
    await terminal.press('q')
    await terminal.assertLeft(0)
  })

  test('before a server answers, top shows its address and how to start one', async (context) => {
    const { port, close } = await startLiveServer(context)
    await close()
    const terminal = await startTop(context, `127.0.0.1:${port}`)
    await terminal.waitFor(/^No moonmeter answers at http:\/\/127\.0\.0\.1:\d+\/live$/m)
    await terminal.waitFor(/moonmeter simulate --duration 0/)
    await startLiveServer(context, { port })
    await terminal.waitFor(OUTLIER)
    await terminal.press('q')
    await terminal.assertLeft(0)
  })

  test('colours are off with NO_COLOR, and names cannot control the terminal', async (context) => {
    const { url } = await startLiveServer(context, { operation: '日本\u001b[2J\u009b31m' })
    const [plain, coloured] = await Promise.all(
      [{ NO_COLOR: '1' }, { FORCE_COLOR: '1' }].map(async (env) => {
        const terminal = await startTop(context, url, { env })
        await terminal.waitFor(OUTLIER)
        return terminal
      }),
    )
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are such sequences
    const sequence = /\u001b\[[\d;]*m/
    assert.doesNotMatch(await plain.styled(), sequence)
    assert.match(await coloured.styled(), sequence)
    assert.match((await plain.lines()).join('\n'), /^ {2}日本\\u001b\[2J\\?… /m)
  })
})
