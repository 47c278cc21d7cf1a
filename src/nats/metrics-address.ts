import { describe } from '../describe.js'
import { MoonmeterError } from '../errors.js'
import { rejection } from '../wire/rejection.js'

const METRICS_PATH = '/metrics'
const URL_CHARACTERS_MAX = 2_048
const EXPECTED =
  "HOST:PORT or a URL of http or https without user, query and fragment, such as 'host-a:9464'"
/** A host, or an IPv6 address in brackets, and a port. */
const HOST_AND_PORT = /^(?:\[[\da-fA-F:.]+\]|[^\s/:?#@[\]]+):\d{1,5}$/
const WEB_URL = /^https?:\/\/[^\s/@\\]+(?:\/[^\s?#\\]*)?$/i

/**
 * The URL of the metrics of a process, from `HOST:PORT` or a URL. The default path is `/metrics`.
 *
 * @param name the option, for the message
 * @throws MoonmeterError `INVALID_OPTION` for any other text
 */
export function requireMetricsAddress(name: string, given: unknown): string {
  const url = typeof given === 'string' ? metricsUrl(given) : undefined
  if (url !== undefined) return url
  const message = `${name}: expected ${EXPECTED}, got ${describe(given)}`
  throw new MoonmeterError('INVALID_OPTION', message)
}

/** Encode a URL as the value of an entry. */
export function encodeAddress(url: string): Uint8Array {
  return Buffer.from(url)
}

/**
 * Decode and validate the URL in an entry.
 *
 * @throws MoonmeterError `INVALID_PAYLOAD`, reason `shape`
 */
export function readAddress(value: Uint8Array): string {
  const text = Buffer.from(value.buffer, value.byteOffset, value.length).toString('utf8')
  const url = metricsUrl(text)
  if (url !== undefined) return url
  throw rejection('shape', EXPECTED, text.slice(0, URL_CHARACTERS_MAX))
}

function metricsUrl(text: string): string | undefined {
  if (text.length > URL_CHARACTERS_MAX) return undefined
  const whole = HOST_AND_PORT.test(text) ? `http://${text}` : text
  if (!WEB_URL.test(whole) || !URL.canParse(whole)) return undefined
  const url = new URL(whole)
  if (url.port === '0') return undefined
  if (url.pathname === '/') url.pathname = METRICS_PATH
  return url.href
}
