import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { MoonmeterError } from '../errors.js'
import { refuseUnknownOptions, requireType } from '../options.js'

/**
 * The credentials that `/metrics` requires; default none. If both are set, a request with either is
 * authorized.
 */
export interface AuthorizationOptions {
  /** The token of `Authorization: Bearer`; not empty. */
  readonly bearerToken?: string | undefined
  /** The credentials of `Authorization: Basic`, compared in UTF-8; the password is not empty. */
  readonly basicAuth?: { readonly username: string; readonly password: string } | undefined
}

/**
 * Checks the `Authorization` header of requests.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6750, https://www.rfc-editor.org/rfc/rfc7617
 */
export class Authorization {
  /** Values of the `WWW-Authenticate` header; empty when no credentials are required. */
  readonly challenges: readonly string[]
  readonly #accepted: readonly Buffer[]

  /** @throws MoonmeterError `INVALID_OPTION` for an empty secret or a wrong type */
  constructor({ bearerToken, basicAuth }: AuthorizationOptions) {
    const accepted: string[] = []
    const challenges: string[] = []
    if (bearerToken !== undefined) {
      requireSecret('bearerToken', bearerToken)
      accepted.push(`bearer ${bearerToken}`)
      challenges.push('Bearer realm="moonmeter"')
    }
    if (basicAuth !== undefined) {
      refuseUnknownOptions('basicAuth', basicAuth, ['username', 'password'])
      requireType('basicAuth.username', 'string', basicAuth.username ?? null)
      requireSecret('basicAuth.password', basicAuth.password)
      const credentials = `${basicAuth.username}:${basicAuth.password}`
      accepted.push(`basic ${Buffer.from(credentials).toString('base64')}`)
      challenges.push('Basic realm="moonmeter", charset="UTF-8"')
    }
    this.challenges = challenges
    this.#accepted = accepted.map(digest)
  }

  /** Whether a request is authorized, checked in constant time. */
  allows(request: IncomingMessage): boolean {
    if (this.#accepted.length === 0) return true
    const { authorization = '' } = request.headers
    const space = authorization.indexOf(' ')
    // Only the scheme is case-insensitive.
    const scheme = authorization.slice(0, space).toLowerCase()
    const given = digest(`${scheme} ${authorization.slice(space + 1).trim()}`)
    let allowed = false
    for (const accepted of this.#accepted) allowed = timingSafeEqual(given, accepted) || allowed
    return allowed
  }
}

/** All digests have the same length, which `timingSafeEqual` requires. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function requireSecret(name: string, secret: unknown): void {
  if (typeof secret === 'string' && secret !== '') return
  const got = secret === '' ? 'an empty one' : typeof secret
  throw new MoonmeterError('INVALID_OPTION', `${name}: expected a string with a secret, got ${got}`)
}
