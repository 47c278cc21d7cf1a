import type { Command } from 'commander'
import { messageOf } from '../describe.js'
import { MoonmeterError } from '../errors.js'
import type { NatsOptions } from '../nats/nats-options.js'

import { integerFrom, parseText } from './option-parsers.js'
import { readBasicAuth, readToken } from './secrets.js'

/**
 * The limit of the option `replicas`, repeated here because `--help` must not load
 * `moonmeter/nats`.
 */
const REPLICAS_MAX = 5

/** The options of the connection to the bucket of a fleet, as commander parses them. */
export interface FleetOptions {
  /** Addresses, separated by commas. */
  readonly nats?: string
  readonly natsBucket?: string
  readonly natsReplicas?: number
  readonly natsUserFile?: string
  readonly natsTokenFile?: string
  readonly natsNkeyFile?: string
  readonly natsCreds?: string
  readonly natsTls?: true
  readonly natsCa?: string
  readonly natsCert?: string
  readonly natsKey?: string
}

/** Adds the options of the connection to the bucket, except `--nats`. */
export function addFleetOptions(command: Command): Command {
  return command
    .option('--nats-bucket <name>', 'bucket of the fleet (default: moonmeter)', parseText)
    .option(
      '--nats-replicas <n>',
      'replicas of the bucket when it is created, in a cluster (default: 1)',
      integerFrom(1, REPLICAS_MAX),
    )
    .option('--nats-user-file <file>', "file with 'user:password' for the NATS server")
    .option('--nats-token-file <file>', 'file with a token for the NATS server')
    .option('--nats-nkey-file <file>', 'file with the seed of an nkey for the NATS server')
    .option('--nats-creds <file>', 'file of NATS credentials in the format of nsc')
    .option('--nats-tls', 'refuse a NATS server without TLS')
    .option('--nats-ca <file>', "CA certificates for the NATS server's certificate; requires TLS")
    .option('--nats-cert <file>', 'certificate of this client, with --nats-key')
    .option('--nats-key <file>', "key of this client's certificate")
}

/**
 * Loads `moonmeter/nats`, whose packages are optional.
 *
 * @throws MoonmeterError `NATS_FAILED` when they are not installed
 */
export async function loadNats(): Promise<typeof import('../nats/index.js')> {
  try {
    return await import('../nats/index.js')
  } catch (cause) {
    throw new MoonmeterError(
      'NATS_FAILED',
      `--nats: expected the packages of NATS, got ${messageOf(cause)}; npm install ` +
        '@nats-io/transport-node @nats-io/jetstream @nats-io/kv',
      { cause },
    )
  }
}

/** Converts the parsed options to `NatsOptions`. */
export async function natsOptionsOf(
  options: FleetOptions & { readonly nats: string },
): Promise<NatsOptions> {
  const { nats, natsBucket, natsReplicas } = options
  const { natsUserFile, natsTokenFile, natsNkeyFile, natsCreds } = options
  const read = async <Secret>(
    option: string,
    path: string | undefined,
    reader: (option: string, path: string) => Promise<Secret>,
  ) => (path === undefined ? undefined : await reader(option, path))
  const user = await read('--nats-user-file', natsUserFile, readBasicAuth)
  const token = await read('--nats-token-file', natsTokenFile, readToken)
  const nkeySeed = await read('--nats-nkey-file', natsNkeyFile, readToken)
  const tlsFiles = Object.entries({
    caFile: options.natsCa,
    certFile: options.natsCert,
    keyFile: options.natsKey,
  }).filter(([, path]) => path !== undefined)
  return {
    servers: nats.split(',').map((address) => address.trim()),
    ...(natsBucket !== undefined && { bucket: natsBucket }),
    ...(natsReplicas !== undefined && { replicas: natsReplicas }),
    ...(user !== undefined && { user: user.username, password: user.password }),
    ...(token !== undefined && { token }),
    ...(nkeySeed !== undefined && { nkeySeed }),
    ...(natsCreds !== undefined && { credsFile: natsCreds }),
    ...(options.natsTls === true && { tls: true }),
    ...(tlsFiles.length > 0 && { tls: Object.fromEntries(tlsFiles) }),
  }
}
