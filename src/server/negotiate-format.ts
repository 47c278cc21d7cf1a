import Negotiator from 'negotiator'
import { describe } from '../describe.js'
import { MoonmeterError } from '../errors.js'
import type { ExpositionFormat } from '../exposition/exposition-format.js'
import { FORMATS, type FormatName } from '../exposition/formats.js'

/** The format of a response, and its media type. */
export interface NegotiatedFormat {
  readonly format: ExpositionFormat
  readonly contentType: string
}

/** A format with one of the media types by which clients request it. */
type Offer = NegotiatedFormat & { readonly name: FormatName }

const NAMES = Object.keys(FORMATS) as readonly FormatName[]
/** Further media types by which clients request a format. */
const FURTHER_TYPES: { readonly [Name in FormatName]?: readonly string[] } = {
  // Prometheus 2.5 to 2.37 requests this version only; later versions also request it.
  openmetrics: ['application/openmetrics-text; version=0.0.1; charset=utf-8'],
}
const OFFERS: readonly Offer[] = NAMES.flatMap((name) => {
  const format = FORMATS[name]
  const types = [format.contentType, ...(FURTHER_TYPES[name] ?? [])]
  return types.map((contentType) => ({ name, format, contentType }))
})
/**
 * Maximum length of a header that is parsed: headers of Prometheus have up to 600 characters, and
 * thousands of media ranges take tens of milliseconds.
 */
const ACCEPT_LENGTH_MAX = 2_048
/**
 * The parameter with which Prometheus 3 requests an escaping of names with characters other than
 * letters, digits, `_` and `:`. No metric here has such a name, so it is ignored.
 */
const ESCAPING = /;\s*escaping\s*=[^;,]*/gi

/**
 * The format that a client prefers: the one with the highest weight, then with the most specific
 * media range, then the first in its header, then the first in `names`. It is `text`, or the first
 * format if `text` is not offered, for a client that accepts none of them, has no header, or has a
 * header that is too long to parse.
 *
 * @param accept the header `Accept`
 * @param names not empty
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-accept
 * @see https://prometheus.io/docs/instrumenting/content_negotiation/
 */
export function negotiateFormat(
  accept: string | undefined,
  names: readonly FormatName[],
): NegotiatedFormat {
  const offers = names.flatMap((name) => OFFERS.filter((offer) => offer.name === name))
  const types = offers.map(({ contentType }) => contentType)
  const isRead = accept !== undefined && accept.length <= ACCEPT_LENGTH_MAX
  const headers = isRead ? { accept: accept.replaceAll(ESCAPING, '') } : {}
  // A single format is served to all clients.
  const type = names.length === 1 ? types[0] : new Negotiator({ headers }).mediaType(types)
  const chosen = offers.find(({ contentType }) => contentType === type)
  return chosen ?? offers.find(({ name }) => name === 'text') ?? offers[0]
}

/**
 * Check the option `formats`; default all formats.
 *
 * @param name the option, for the message
 * @throws MoonmeterError `INVALID_OPTION` when it is not a list of formats, or empty
 */
export function readFormats(name: string, option: unknown = NAMES): readonly FormatName[] {
  const items: readonly unknown[] = Array.isArray(option) ? option : []
  const names = items.filter(isFormatName)
  if (names.length === items.length && names.length > 0) return names
  const wrong = items.length === 0 ? option : items.find((item) => !isFormatName(item))
  throw new MoonmeterError(
    'INVALID_OPTION',
    `${name}: expected a list of ${NAMES.join(', ')}, got ${describe(wrong)}`,
  )
}

function isFormatName(item: unknown): item is FormatName {
  return NAMES.some((name) => name === item)
}
