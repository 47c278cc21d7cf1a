import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectionLog } from '../../src/cli/connection-log.js'
import { servedUrl, startCommand } from '../support/processes/command.js'
import { NATS_SKIP, NatsServer } from '../support/processes/nats-server.js'

const LOST = { connected: false, server: 'a:4222', reason: 'it ended' }
const BACK = { connected: true, server: 'a:4222', reason: undefined }
const REFUSING = 'authorization { user: u, password: p, timeout: 60 }'

/** The lines of a log, and a clock. */
function makeLog() {
  const lines: string[] = []
  const write = (line: string) => lines.push(line)
  const clock = { ms: 0 }
  const texts = { name: 'NATS', effect: 'nothing is sent' }
  const log = connectionLog({ info: write, warn: write } as never, texts, () => clock.ms)
  return { lines, clock, log }
}

test('the loss of a connection is logged with its reason, and its return with the time', () => {
  const { lines, clock, log } = makeLog()
  log(LOST)
  clock.ms = 1_000
  log({ ...LOST, reason: 'no rights' })
  clock.ms = 2_500
  log(BACK)
  assert.deepEqual(lines, [
    'NATS: no connection to a:4222: it ended; nothing is sent',
    'NATS: no connection to a:4222: no rights; nothing is sent',
    'NATS: connected to a:4222 again after 2.5 s',
  ])
})

test('of a connection that is lost again and again, ten lines a minute are logged', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const { lines, clock, log } = makeLog()
  for (let loss = 0; loss < 20; loss++) {
    log(LOST)
    clock.ms += 1_000
    log(BACK)
  }
  assert.equal(lines.length, 10)
  assert.equal(lines.at(-1), 'NATS: connected to a:4222 again after 1.0 s')
  clock.ms = 60_000
  context.mock.timers.tick(60_000)
  assert.deepEqual(lines.slice(10), ['NATS: connected to a:4222 again after 41.0 s, lost 15 times'])
  log(LOST)
  assert.equal(lines.length, 12)
})

test('serve and simulate log the loss of the connection to NATS, its reasons and its return', {
  skip: NATS_SKIP,
}, async (context) => {
  const server = await NatsServer.start(context)
  const { host } = new URL(server.url)
  const nats = ['--nats', server.url, '--listen', '127.0.0.1:0']
  const commands = [
    startCommand(context, ['serve', ...nats]),
    startCommand(context, ['simulate', '--engines', '1', '--duration', '0', ...nats]),
  ]
  await Promise.all(commands.map(servedUrl))
  await server.kill()
  const gone = `warn +NATS: no connection to ${host}: .+; .+\n`
  await Promise.all(commands.map((command) => command.waitForStderr(new RegExp(gone))))
  await server.restart({ config: REFUSING })
  const refused = `warn +NATS: no connection to ${host}: .*Authorization Violation.*; .+\n`
  await Promise.all(commands.map((command) => command.waitForStderr(new RegExp(refused))))
  await server.kill()
  await server.restart({ config: '' })
  const back = `info +NATS: connected to ${host} again after [\\d.]+ s\n`
  await Promise.all(commands.map((command) => command.waitForStderr(new RegExp(back))))
  for (const { stderr } of commands) {
    const lines = stderr.split('\n').filter((line) => line.includes('NATS: '))
    assert.equal(lines.length, 3, stderr)
  }
})
