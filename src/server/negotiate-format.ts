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

/** A format and one of the media types that clients ask for it by. */
type Offer = NegotiatedFormat & { readonly name: FormatName }

const NAMES = Object.keys(FORMATS) as readonly FormatName[]
/** Media types that clients ask for a format by, beside its own. */
const FURTHER_TYPES: { readonly [Name in FormatName]?: readonly string[] } = {
  // Prometheus 2.5 to 2.37 asks for this version only; later ones ask for it too.
  openmetrics: ['application/openmetrics-text; version=0.0.1; charset=utf-8'],
}
const OFFERS: readonly Offer[] = NAMES.flatMap((name) => {
  const format = FORMATS[name]
  const types = [format.contentType, ...(FURTHER_TYPES[name] ?? [])]
  return types.map((contentType) => ({ name, format, contentType }))
})
/**
 * The longest header that is read: those of Prometheus have up to 600 characters, and thousands of
 * media ranges take tens of milliseconds.
 */
const ACCEPT_LENGTH_MAX = 2_048
/**
 * The parameter of a media range by which Prometheus 3 says how names with other characters than
 * letters, digits, `_` and `:` are to be escaped. No metric here has such a name, so it is ignored.
 */
const ESCAPING = /;\s*escaping\s*=[^;,]*/gi

/**
 * The format that a client prefers among some: of the highest weight, then of the most specific media
 * range, then the earlier one in its header, then the earlier one in `names`. If it accepts none of
 * them, or its header is too long to be read, as a client without the header accepts all, it is text
 * or, without text, the first.
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
  // A client that is offered one format gets it, whatever it accepts.
  const type = names.length === 1 ? types[0] : new Negotiator({ headers }).mediaType(types)
  const chosen = offers.find(({ contentType }) => contentType === type)
  return chosen ?? offers.find(({ name }) => name === 'text') ?? offers[0]
}

/**
 * The option `formats`, checked; default all formats.
 *
 * @param name of the option, for the message
 * @throws MoonmeterError `INVALID_OPTION` when it is no list of formats, or an empty one
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
