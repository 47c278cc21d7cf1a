import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runCommand, startCommand, temporaryDirectory } from '../support/processes/command.js'
import { startLiveServer } from '../support/processes/live-server.js'
import { serve } from '../support/processes/servers.js'

const USAGE = 2
const FAILURE = 1
const TOKEN = 'a-token'
const FIRST_LINE = /^\d{4}-\d\d-\d\dT[\d:.]+Z · llama-3-70b · last 5 min · all operations · ● live$/

test('without a terminal, top writes a block of plain lines each interval', async (context) => {
  const server = await startLiveServer(context)
  const top = startCommand(context, ['top', server.url, '--every', '1'])
  await top.waitForStdout(/(● live\n(.+\n)+\n.*){2}/)
  await server.close()
  await top.waitForStdout(/ · no data for \d+ s, reconnecting: .*; next attempt in \d+ s\n/)
  top.kill('SIGTERM')
  const { code, stdout, stderr } = await top.end()
  assert.deepEqual([code, stderr], [0, ''])
  assert.equal(stdout.includes('\u001b'), false)
  const [first = '', ...lines] = stdout.split('\n\n')[0].split('\n')
  assert.match(first, FIRST_LINE)
  assert.match(lines[0] ?? '', /^[\d,.]+ ops\/s .* 4 of 4 engines up$/)
  assert.match(lines.join('\n'), /^ {2}operation .*\n {2}load_get .*\n {2}save_put /m)
  assert.match(lines.join('\n'), /^! 3 .*\n {2}└ p99 .*\n {2}0 .*\n {2}1 .*\n {2}2 .*$/m)
  for (const line of lines) assert.ok([...line].length <= 80, line)
})

test('--once prints one filtered picture, and exits', async (context) => {
  const { url } = await startLiveServer(context)
  const args = ['top', url, '--once', '--operation', 'save_put', '--engine', '1', '--window', '1m']
  const { code, stdout, stderr } = await runCommand(context, args)
  assert.deepEqual([code, stderr], [0, ''])
  assert.match(stdout, /^\S+ · llama-3-70b · last 1 min · save_put · engine 1 · ● live\n/)
  assert.equal(stdout.match(/ ops\/s .* engines up\n/g)?.length, 1)
})

test('top sends the token of a file, and names the remedy if the server rejects it', async (context) => {
  const { url } = await startLiveServer(context, {
    bearerToken: TOKEN,
    basicAuth: { username: 'prometheus', password: 'secret' },
  })
  const directory = temporaryDirectory(context)
  const file = (name: string, text: string) => {
    writeFileSync(join(directory, name), text)
    return join(directory, name)
  }
  const right = [
    ['--token-file', file('token', `${TOKEN}\n`)],
    ['--basic-auth-file', file('basic', 'prometheus:secret\n')],
  ]
  const wrong = [[], ['--token-file', file('other', 'another')]]
  const run = (args: readonly string[]) => runCommand(context, ['top', url, '--once', ...args])
  for (const { code, stdout, stderr } of await Promise.all(right.map(run))) {
    assert.equal(code, 0, stderr)
    assert.match(stdout, /● live\n/)
  }
  for (const { code, stdout, stderr } of await Promise.all(wrong.map(run))) {
    assert.deepEqual([code, stdout], [FAILURE, ''])
    assert.match(
      stderr,
      /^moonmeter: http:\S+: expected valid credentials, got none or others; give --token-file FILE /,
    )
  }
})

test('a server that is not moonmeter, and an absent one, are reported with the remedy', async (context) => {
  const { url: gone, close } = await startLiveServer(context)
  await close()
  const page = await serve(context, (_, response) => {
    response.setHeader('Content-Type', 'text/html').end('<h1>Hello</h1>')
  })
  const stream = await serve(context, (_, response) => {
    response.setHeader('Content-Type', 'text/event-stream')
    response.write('event: hello\ndata: {"service":"other"}\n\n')
  })
  const cases = [
    [
      page,
      /expected the stream of a moonmeter server, got status 200 and text\/html; give the base URL/,
    ],
    [stream, /expected the stream of a moonmeter server, got that of another program; give the/],
    [gone, /expected an answer of a server, got connect ECONNREFUSED 127\.0\.0\.1:\d+; start it/],
  ] as const
  await Promise.all(
    cases.map(async ([url, expected]) => {
      const { code, stdout, stderr } = await runCommand(context, ['top', url])
      assert.deepEqual([code, stdout], [FAILURE, ''])
      assert.match(stderr, expected)
      assert.match(stderr, /^moonmeter: .*\n$/)
    }),
  )
})

test('wrong arguments are usage errors', async (context) => {
  const { url } = await startLiveServer(context)
  const empty = join(temporaryDirectory(context), 'empty')
  writeFileSync(empty, 'no colon')
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['ftp://127.0.0.1/'], /url: expected a URL such as http:\/\/127\.0\.0\.1:9464\/, got 'ftp:/],
    [['http://:::/'], /url: expected a URL such as/],
    [['http://user:password@127.0.0.1/'], /url: expected a URL without a password; give --basic/],
    [[url, '--once', '--operation', 'bogus'], /--operation: .* load_get, save_put, got 'bogus'/],
    [[url, '--once', '--engine', '9'], /--engine: expected one of 0, 1, 2, 3, got '9'/],
    [[url, '--once', '--status', 'bogus'], /--status: expected one of error, ok, got 'bogus'/],
    [[url, '--window', '7m'], /--window <w>' argument '7m' is invalid.*1m, 5m, 15m/],
    [[url, '--sort', 'name'], /--sort <column>' argument 'name' is invalid/],
    [[url, '--every', '0'], /--every <s>' argument '0' is invalid/],
    [[url, '--basic-auth-file', empty], /--basic-auth-file: expected 'user:password', got/],
    [[url, '--basic-auth-file', empty, '--token-file', empty], /or --basic-auth-file, got both/],
  ]
  await Promise.all(
    cases.map(async ([args, expected]) => {
      const { code, stdout, stderr } = await runCommand(context, ['top', ...args])
      assert.deepEqual([code, stdout], [USAGE, ''], stderr)
      assert.match(stderr, expected)
      assert.match(stderr, /^moonmeter: .*\n$/)
    }),
  )
})
