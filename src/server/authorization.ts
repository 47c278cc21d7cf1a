import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { MoonmeterError } from '../errors.js'
import { refuseUnknownOptions, requireType } from '../options.js'

/** Who may see the metrics; where both are given, either will do. */
export interface AuthorizationOptions {
  /** Expected in `Authorization: Bearer …`. */
  readonly bearerToken?: string
  /** Expected in `Authorization: Basic …`. */
  readonly basicAuth?: { readonly username: string; readonly password: string }
}

/**
 * Decides whether a request may see the metrics.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6750, https://www.rfc-editor.org/rfc/rfc7617
 */
export class Authorization {
  /** The values of `WWW-Authenticate` that tell a client how to ask; empty where anybody may. */
  readonly challenges: readonly string[]
  readonly #expected: readonly Buffer[]

  /** @throws MoonmeterError `INVALID_OPTION` for an empty secret */
  constructor({ bearerToken, basicAuth }: AuthorizationOptions) {
    requireType('bearerToken', 'string', bearerToken)
    const accepted: string[] = []
    const challenges: string[] = []
    if (bearerToken !== undefined) {
      refuseEmpty('bearerToken', bearerToken)
      accepted.push(`bearer ${bearerToken}`)
      challenges.push('Bearer realm="moonmeter"')
    }
    if (basicAuth !== undefined) {
      refuseUnknownOptions('basicAuth', basicAuth, ['username', 'password'])
      requireType('basicAuth.username', 'string', basicAuth.username ?? null)
      refuseEmpty('basicAuth.password', basicAuth.password)
      const credentials = `${basicAuth.username}:${basicAuth.password}`
      accepted.push(`basic ${Buffer.from(credentials).toString('base64')}`)
      challenges.push('Basic realm="moonmeter", charset="UTF-8"')
    }
    this.challenges = challenges
    this.#expected = accepted.map(digest)
  }

  /** Whether the request may pass; takes the same time however much of a secret is right. */
  allows(request: IncomingMessage): boolean {
    if (this.#expected.length === 0) return true
    const { authorization = '' } = request.headers
    const space = authorization.indexOf(' ')
    // The scheme's name is case-insensitive; what follows it is not.
    const scheme = authorization.slice(0, space).toLowerCase()
    const given = digest(`${scheme} ${authorization.slice(space + 1).trim()}`)
    let allowed = false
    for (const expected of this.#expected) allowed = timingSafeEqual(given, expected) || allowed
    return allowed
  }
}

/** Digests have one length, which `timingSafeEqual` asks for. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function refuseEmpty(name: string, secret: string): void {
  if (typeof secret === 'string' && secret !== '') return
  throw new MoonmeterError('INVALID_OPTION', `${name}: expected a secret, got an empty one`)
}
