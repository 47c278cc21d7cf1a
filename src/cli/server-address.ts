import { MoonmeterError } from '../errors.js'
import { readBasicAuth, readToken } from './secrets.js'
import type { TopOptions } from './top-command.js'

const SCHEME = /^[a-z][a-z\d+.-]*:\/\//i

/**
 * The URL of the stream of a server.
 *
 * @param text the base URL of the server; the default scheme is http
 * @throws MoonmeterError `INVALID_OPTION`
 */
export function streamUrl(text: string): string {
  const url = parse(SCHEME.test(text) ? text : `http://${text}`)
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw invalid(`a URL such as http://127.0.0.1:9464/, got '${text}'`)
  }
  if (url.username !== '' || url.password !== '') {
    throw invalid('a URL without a password; give --basic-auth-file, since all users see arguments')
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  url.search = ''
  url.hash = ''
  return new URL('live', url).href
}

/**
 * The value of the header `Authorization` for the options.
 *
 * @throws MoonmeterError `INVALID_OPTION`, `FILE_FAILED`
 */
export async function authorizationOf({
  tokenFile,
  basicAuthFile,
}: TopOptions): Promise<string | undefined> {
  if (tokenFile !== undefined && basicAuthFile !== undefined) {
    throw new MoonmeterError(
      'INVALID_OPTION',
      'top: expected --token-file or --basic-auth-file, got both',
    )
  }
  if (tokenFile !== undefined) {
    return headerValue('--token-file', `Bearer ${await readToken('--token-file', tokenFile)}`)
  }
  if (basicAuthFile === undefined) return undefined
  const { username, password } = await readBasicAuth('--basic-auth-file', basicAuthFile)
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

function headerValue(option: string, text: string): string {
  if (/^[\x20-\x7e]+$/.test(text)) return text
  throw new MoonmeterError(
    'INVALID_OPTION',
    `${option}: expected one line of printable ASCII characters, got other characters`,
  )
}

function parse(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}

function invalid(expected: string): MoonmeterError {
  return new MoonmeterError('INVALID_OPTION', `url: expected ${expected}`)
}
