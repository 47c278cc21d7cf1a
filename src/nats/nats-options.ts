import { describe } from '../describe.js'
import { MoonmeterError } from '../errors.js'
import { requireType, resolveNumbers, TIMER_MS_MAX } from '../options.js'
import type { NatsConnectionChange } from './connection-changes.js'

/** Names of buckets that NATS accepts. */
const BUCKET = /^[\w-]{1,200}$/
const BUCKET_DEFAULT = 'moonmeter'
/** A server of NATS keeps at most this many replicas of a stream. */
const REPLICAS_MAX = 5

const NUMBERS = {
  replicas: { fallback: 1, min: 1, max: REPLICAS_MAX, integer: true },
  // 0 means no limit.
  bucketBytesMax: { fallback: 0, min: 0, max: Number.MAX_SAFE_INTEGER, integer: true },
  timeoutMs: { fallback: 5_000, min: 1, max: TIMER_MS_MAX, integer: true },
} as const
const TEXTS = ['bucket', 'user', 'password', 'token', 'nkeySeed', 'credsFile'] as const
const TLS_FILES = ['caFile', 'certFile', 'keyFile'] as const

/** Paths of the files for TLS. */
export interface NatsTlsOptions {
  /** Certificates of the authorities that may have signed the server's, as PEM. */
  readonly caFile?: string
  /** The certificate of this client, as PEM. */
  readonly certFile?: string
  /** The key of this client's certificate, as PEM. */
  readonly keyFile?: string
}

/** Options of the connection and the bucket, which all functions of `moonmeter/nats` have. */
export interface NatsOptions {
  /** Addresses of servers, such as `nats://127.0.0.1:4222`; several of one cluster. */
  readonly servers: string | readonly string[]
  /**
   * The key-value bucket, of letters, digits, `_` and `-`; default `moonmeter`. It is created if
   * absent.
   */
  readonly bucket?: string
  /** Number of replicas of the bucket when it is created, from 1 to 5; default 1. */
  readonly replicas?: number
  /** Maximum bytes of the bucket when it is created; default 0, which means no limit. */
  readonly bucketBytesMax?: number
  /** The user's name, with `password`. */
  readonly user?: string
  /** The user's password. */
  readonly password?: string
  /** The token for the server's token authentication. */
  readonly token?: string
  /** The seed of the user's nkey, which begins with `SU`. */
  readonly nkeySeed?: string
  /** The path of a file of credentials: a JWT and a seed, as `nsc` writes it. */
  readonly credsFile?: string
  /** Whether TLS is required, or the files for it. Default: TLS is used if the server offers it. */
  readonly tls?: boolean | NatsTlsOptions
  /** Milliseconds within which the server must answer; default 5,000. */
  readonly timeoutMs?: number
  /**
   * Called when the connection is lost, when it is back, and while it is lost, when there is a new
   * reason. Not called for the first connection, nor by `close`. Default: nothing is called.
   */
  readonly onConnection?: (change: NatsConnectionChange) => void
}

/** The options with their defaults, checked. */
export interface NatsSettings extends Omit<NatsOptions, 'servers' | 'tls'> {
  readonly servers: readonly string[]
  readonly bucket: string
  readonly replicas: number
  readonly bucketBytesMax: number
  readonly timeoutMs: number
  readonly tls: NatsTlsOptions | undefined
}

/** The names of `NatsOptions`. */
export const NATS_OPTION_NAMES = [
  ...['servers', 'tls', 'onConnection'],
  ...Object.keys(NUMBERS),
  ...TEXTS,
]

/**
 * Check the options and fill in the defaults. Options that are not in `NatsOptions` are ignored.
 *
 * @param owner the function that takes the options, for messages
 * @throws MoonmeterError `INVALID_OPTION`
 */
export function readNatsOptions(owner: string, given: NatsOptions): NatsSettings {
  const { servers, tls } = given
  const known = Object.fromEntries(
    Object.entries(given).filter(([name]) => NATS_OPTION_NAMES.includes(name)),
  )
  const numbers = resolveNumbers(owner, NUMBERS, known, NATS_OPTION_NAMES)
  for (const name of TEXTS) requireType(`${owner}.${name}`, 'string', given[name])
  requireType(`${owner}.onConnection`, 'function', given.onConnection)
  const list: readonly unknown[] = Array.isArray(servers) ? servers : [servers]
  if (list.length === 0 || !list.every((one) => typeof one === 'string' && one !== '')) {
    throw refused(owner, 'servers', "addresses, such as 'nats://127.0.0.1:4222'", servers)
  }
  const { bucket = BUCKET_DEFAULT } = given
  if (!BUCKET.test(bucket)) {
    throw refused(owner, 'bucket', 'up to 200 letters, digits, _ and -', bucket)
  }
  const ways = (['user', 'token', 'nkeySeed', 'credsFile'] as const).filter(
    (name) => given[name] !== undefined,
  )
  if (ways.length > 1 || (given.user === undefined) !== (given.password === undefined)) {
    const expected = 'user and password, or a token, or a seed, or a file'
    throw refused(owner, 'credentials', expected, ways.join(' and ') || 'a password alone')
  }
  return {
    ...known,
    ...numbers,
    servers: list as readonly string[],
    bucket,
    tls: readTls(owner, tls),
  }
}

function readTls(owner: string, given: NatsOptions['tls']): NatsTlsOptions | undefined {
  if (given === undefined || given === false) return undefined
  if (given === true) return {}
  if (typeof given !== 'object' || given === null) {
    throw refused(owner, 'tls', 'a boolean or paths of files', given)
  }
  for (const [name, path] of Object.entries(given)) {
    if (!(TLS_FILES as readonly string[]).includes(name)) {
      throw refused(owner, 'tls', `some of ${TLS_FILES.join(', ')}`, name)
    }
    requireType(`${owner}.tls.${name}`, 'string', path)
  }
  if ((given.certFile === undefined) !== (given.keyFile === undefined)) {
    throw refused(
      owner,
      'tls',
      'certFile and keyFile, or neither',
      Object.keys(given).join(' and '),
    )
  }
  return given
}

function refused(owner: string, name: string, expected: string, got: unknown): MoonmeterError {
  const message = `${owner}.${name}: expected ${expected}, got ${describe(got)}`
  return new MoonmeterError('INVALID_OPTION', message)
}
