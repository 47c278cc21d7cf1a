import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Command } from 'commander'
import { addFleetOptions, type FleetOptions, natsOptionsOf } from '../../src/cli/fleet-options.js'
import { temporaryDirectory } from '../support/processes/command.js'

const SERVERS = 'tls://a:4222, tls://b:4222'

/** The options of the bucket that a command parses. */
async function optionsOf(args: readonly string[]) {
  const command = addFleetOptions(new Command())
  const options = command.parse(args, { from: 'user' }).opts<FleetOptions>()
  return natsOptionsOf({ ...options, nats: SERVERS })
}

test('the options of a command are those of the functions, with secrets from files', async (context) => {
  const directory = temporaryDirectory(context)
  const fileOf = (name: string, content: string): string => {
    const file = join(directory, name)
    writeFileSync(file, content, { mode: 0o600 })
    return file
  }
  const user = fileOf('user', 'alice:s:e\n')
  const token = fileOf('token', 't-1\n')
  const servers = ['tls://a:4222', 'tls://b:4222']
  const cases: readonly (readonly [args: readonly string[], options: object])[] = [
    [[], {}],
    [['--nats-bucket', 'fleet'], { bucket: 'fleet' }],
    [['--nats-user-file', user], { user: 'alice', password: 's:e' }],
    [['--nats-token-file', token], { token: 't-1' }],
    [['--nats-nkey-file', token], { nkeySeed: 't-1' }],
    [['--nats-creds', 'a.creds'], { credsFile: 'a.creds' }],
    [['--nats-tls'], { tls: true }],
    [['--nats-tls', '--nats-ca', 'ca.pem'], { tls: { caFile: 'ca.pem' } }],
    [
      ['--nats-cert', 'cert.pem', '--nats-key', 'key.pem'],
      { tls: { certFile: 'cert.pem', keyFile: 'key.pem' } },
    ],
  ]
  for (const [args, options] of cases) {
    assert.deepEqual(await optionsOf(args), { servers, ...options }, args.join(' '))
  }
})
