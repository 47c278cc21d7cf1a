import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { pack } from '../../src/wire/msgpack.js'
import { Child } from '../support/processes/child.js'
import {
  runCommand,
  scrape,
  servedUrl,
  startCommand,
  temporaryDirectory,
} from '../support/processes/command.js'
import { NATS_SKIP, NatsServer } from '../support/processes/nats-server.js'
import { waitUntil } from '../support/processes/wait-until.js'

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url))
const GUIDE = readFileSync(join(REPOSITORY, 'src/payloads/README.md'), 'utf8')
const TOKEN = 'secret'
const PAYLOAD = pack({ load_get: [{ duration_seconds: 0.5, num_keys: 7 }] })
const KEYS = /vllm:mooncake_store_operation_keys_total\{[^}]*engine="3"[^}]*\} 7$/m

/** Starts an example of the guide in the project of a user who installed moonmeter. */
async function startExample(context: TestContext, name: string, env = {}): Promise<string> {
  const example = new RegExp(`<!-- example: ${name} -->\\n\`\`\`js\\n(.*?)\`\`\``, 's').exec(GUIDE)
  const folder = temporaryDirectory(context)
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(REPOSITORY, join(folder, 'node_modules', 'moonmeter'))
  const fastify = join(REPOSITORY, 'node_modules', 'fastify')
  symlinkSync(fastify, join(folder, 'node_modules', 'fastify'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, name), example?.[1] ?? assert.fail(`no example ${name}`))
  const child = new Child(context, process.execPath, [join(folder, name)], {
    env: { TOKEN, ...env },
  })
  const [, url = ''] = await child.waitForStdout(/^(http:\S+)\n/)
  return url
}

async function send(url: string): Promise<number> {
  const { status } = await fetch(`${url}/v1/payloads/3?instance=host-a`, {
    method: 'POST',
    body: PAYLOAD,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/msgpack' },
  })
  return status
}

for (const name of ['memory.js', 'fastify.js']) {
  test(`the example ${name} counts a payload and exposes it`, async (context) => {
    const url = await startExample(context, name)
    assert.equal(await send(url), 200)
    assert.match(await scrape(url), KEYS)
  })
}

test('the example of a fleet counts a payload, and the command exposes it as well', {
  skip: NATS_SKIP,
}, async (context) => {
  const { url: servers } = await NatsServer.start(context)
  const url = await startExample(context, 'fleet.js', { NATS_URL: servers })
  assert.equal(await send(url), 200)
  await waitUntil('the rows', async () => KEYS.test(await scrape(url)))
  const args = ['serve', '--nats', servers, '--listen', '127.0.0.1:0']
  const command = await servedUrl(startCommand(context, args))
  assert.match(await scrape(command), KEYS)
  // Without the option, the path is not found.
  assert.equal(await send(command), 404)
})

test('the command of the guide accepts payloads with the token of its file, and ends with code 0', {
  skip: NATS_SKIP,
}, async (context) => {
  const { url: servers } = await NatsServer.start(context)
  const file = join(temporaryDirectory(context), 'token')
  writeFileSync(file, `${TOKEN}\n`)
  const [, line = ''] = /\n(moonmeter serve .*?)\n```/s.exec(GUIDE) ?? []
  const args = line
    .replace('nats://127.0.0.1:4222', servers)
    .replace('--payloads-token-file token', `--payloads-token-file ${file}`)
    .replace('\\\n', '')
    .split(/\s+/)
    .slice(1)
  const command = startCommand(context, [...args, '--listen', '127.0.0.1:0'])
  const url = await servedUrl(command)
  assert.equal(await send(url), 200)
  await waitUntil('the rows', async () => KEYS.test(await scrape(url)))
  // The page is served as well, and metrics do not need the token of payloads.
  assert.equal((await fetch(`${url}/`)).status, 200)
  command.kill('SIGTERM')
  assert.equal((await command.end()).code, 0)
})

test('a missing or empty token file is an error of the command', {
  skip: NATS_SKIP,
}, async (context) => {
  const { url: servers } = await NatsServer.start(context)
  const file = join(temporaryDirectory(context), 'token')
  const args = [
    'serve',
    '--nats',
    servers,
    '--listen',
    '127.0.0.1:0',
    '--payloads-token-file',
    file,
  ]
  const absent = await runCommand(context, args)
  assert.deepEqual([absent.code, absent.stdout], [1, ''])
  assert.match(absent.stderr, /^moonmeter: --payloads-token-file: expected .*\n$/)
  writeFileSync(file, '\n')
  const empty = await runCommand(context, args)
  assert.equal(empty.code, 2)
  assert.match(empty.stderr, /^moonmeter: bearerToken: expected a string with a secret.*\n$/)
  const subject = await runCommand(context, [...args.slice(0, 5), '--payloads-subject', 'a.*'])
  assert.equal(subject.code, 2)
  assert.match(subject.stderr, /^moonmeter: receivePayloads\.subject: expected a subject without/)
})
