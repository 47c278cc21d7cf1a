import { readFileSync } from 'node:fs'
import { MoonmeterError } from '../errors.js'
import type { AuthorizationOptions } from '../server/authorization.js'

/**
 * Secrets from files, since every user of a machine sees the arguments of its processes.
 *
 * @throws MoonmeterError `FILE_FAILED` for a file that cannot be read, `INVALID_OPTION` for one
 * without a colon
 */
export function readSecrets(
  bearerTokenFile: string | undefined,
  basicAuthFile: string | undefined,
): AuthorizationOptions {
  return {
    ...(bearerTokenFile !== undefined && {
      bearerToken: readSecret('--bearer-token-file', bearerTokenFile),
    }),
    ...(basicAuthFile !== undefined && { basicAuth: readCredentials(basicAuthFile) }),
  }
}

function readCredentials(file: string): { readonly username: string; readonly password: string } {
  const text = readSecret('--basic-auth-file', file)
  const colon = text.indexOf(':')
  if (colon < 0) {
    throw new MoonmeterError(
      'INVALID_OPTION',
      "--basic-auth-file: expected 'user:password', got a text without a colon",
    )
  }
  return { username: text.slice(0, colon), password: text.slice(colon + 1) }
}

function readSecret(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (cause) {
    const { message } = cause as Error
    throw new MoonmeterError(
      'FILE_FAILED',
      `${option}: expected a file that can be read, got ${message}`,
      { cause },
    )
  }
}
