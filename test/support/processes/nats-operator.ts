import { encodeAccount, encodeOperator, encodeUser, fmtCreds } from '@nats-io/jwt'
import { nkeys } from '@nats-io/transport-node'
import { HANDSHAKE_SECONDS_MAX } from './nats-server.js'

/** The value of a limit of an account that means no limit. */
const UNLIMITED = -1

/** Limits that an account must have to be usable. */
const LIMITS = ['conn', 'subs', 'data', 'payload', 'disk_storage', 'streams', 'consumer']

/** An operator with one account, and the server configuration that trusts both. */
export interface NatsOperator {
  /** Lines of the server's configuration. */
  readonly config: string
  /** A file of credentials of a new user of the account. */
  userCreds(): Promise<Uint8Array>
}

/** Creates an operator, its system account and an account with JetStream. */
export async function makeOperator(): Promise<NatsOperator> {
  const [operator, system, account] = [
    nkeys.createOperator(),
    nkeys.createAccount(),
    nkeys.createAccount(),
  ]
  const accounts = [
    [system.getPublicKey(), await encodeAccount('system', system, {}, { signer: operator })],
    [
      account.getPublicKey(),
      await encodeAccount(
        'fleet',
        account,
        { limits: Object.fromEntries(LIMITS.map((name) => [name, UNLIMITED])) },
        { signer: operator },
      ),
    ],
  ]
  return {
    config: [
      `operator: ${await encodeOperator('operator', operator)}`,
      `system_account: ${system.getPublicKey()}`,
      'resolver: MEMORY',
      `authorization { timeout: ${HANDSHAKE_SECONDS_MAX} }`,
      `resolver_preload { ${accounts.map(([key, jwt]) => `${key}: ${jwt}`).join(', ')} }`,
    ].join('\n'),
    userCreds: async () => {
      const user = nkeys.createUser()
      return fmtCreds(await encodeUser('engine', user, account), user)
    },
  }
}
