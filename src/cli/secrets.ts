import { MoonmeterError } from '../errors.js'
import type { AuthorizationOptions } from '../server/authorization.js'
import { readFile } from './files.js'

/** Bytes of a file with a secret: a longer one is another file, or a device without an end. */
const SECRET_BYTES_MAX = 2 ** 16

type BasicAuth = NonNullable<AuthorizationOptions['basicAuth']>

/** Files with the credentials that requests for metrics require, as commander parses them. */
export interface SecretFiles {
  readonly bearerTokenFile?: string
  readonly basicAuthFile?: string
}

/**
 * Reads the credentials that requests for metrics require.
 *
 * @throws MoonmeterError `FILE_FAILED`, `INVALID_OPTION`
 */
export async function readSecrets({
  bearerTokenFile,
  basicAuthFile,
}: SecretFiles): Promise<AuthorizationOptions> {
  return {
    ...(bearerTokenFile !== undefined && {
      bearerToken: await readToken('--bearer-token-file', bearerTokenFile),
    }),
    ...(basicAuthFile !== undefined && {
      basicAuth: await readBasicAuth('--basic-auth-file', basicAuthFile),
    }),
  }
}

/**
 * Reads a bearer token from a file. It is not an argument, since all users of a machine can read
 * the arguments of processes.
 *
 * @param option its name, for messages
 * @throws MoonmeterError `FILE_FAILED`
 */
export async function readToken(option: string, path: string): Promise<string> {
  return (await readFile(option, path, SECRET_BYTES_MAX)).toString('utf8').trim()
}

/**
 * Reads `user:password` from a file.
 *
 * @param option its name, for messages
 * @throws MoonmeterError `FILE_FAILED`; `INVALID_OPTION` for a text without a colon
 */
export async function readBasicAuth(option: string, path: string): Promise<BasicAuth> {
  const credentials = await readToken(option, path)
  const colon = credentials.indexOf(':')
  if (colon < 0) {
    throw new MoonmeterError(
      'INVALID_OPTION',
      `${option}: expected 'user:password', got a text without a colon`,
    )
  }
  return { username: credentials.slice(0, colon), password: credentials.slice(colon + 1) }
}
