import { isInstance } from '../source-identity.js'

/** The version of the layout of a bucket that this code reads and writes. */
export const LAYOUT_VERSION = '1'
/** The key of the entry that holds the version; other keys have two or three parts. */
export const VERSION_KEY = 'version'

const FOLDED = 'folded'
const ROWS = 'rows'
const ADDRESS = 'address'
const ESCAPE = '='
/** Bytes of an instance that are not escaped: NATS allows them within a part of a key. */
const PLAIN = /[A-Za-z0-9_-]/
const PLAIN_TEXT = /^[A-Za-z0-9_-]+$/
const ESCAPED = /=([0-9A-F]{2})/g
/**
 * A number in the form that `String` writes: another form would be a second key of the same entry.
 */
const NUMBER = /^(?:0|[1-9]\d{0,15})$/

/** An engine of an instance, which the keys of its entries begin with. */
export interface EntrySource {
  readonly instance: string
  readonly engine: number
}

/**
 * The key of an entry, by kind: the latest report of an incarnation, the sum of removed
 * incarnations, or the sum of rows from payloads.
 */
export type EntryKey = EntrySource &
  (
    | { readonly kind: 'incarnation'; readonly incarnation: number }
    | { readonly kind: 'folded' }
    | { readonly kind: 'rows' }
  )

/** The key of an entry: `INSTANCE.ENGINE.` and an incarnation's number, `folded` or `rows`. */
export function encodeKey(key: EntryKey): string {
  return `${sourceKey(key)}.${key.kind === 'incarnation' ? key.incarnation : key.kind}`
}

/** The common prefix of all keys of an engine, without the last dot. */
export function sourceKey({ instance, engine }: EntrySource): string {
  return `${encodeInstance(instance)}.${engine}`
}

/** The entry with the address of an instance's metrics. */
export interface AddressKey {
  readonly kind: 'address'
  readonly instance: string
}

/** The key of an instance's address: `INSTANCE.address`. */
export function encodeAddressKey({ instance }: AddressKey): string {
  return `${encodeInstance(instance)}.${ADDRESS}`
}

/** Decodes the key of an address; undefined for a key that `encodeAddressKey` does not produce. */
export function decodeAddressKey(text: string): AddressKey | undefined {
  const [encoded = '', last, ...rest] = text.split('.', 3)
  if (last !== ADDRESS || rest.length > 0) return undefined
  const instance = decodeInstance(encoded)
  return instance === undefined ? undefined : { kind: 'address', instance }
}

/**
 * An instance as a part of a key. NATS rejects most characters in keys, and a dot separates parts,
 * so each UTF-8 byte except letters, digits, `_` and `-` becomes `=` and two hex digits.
 */
export function encodeInstance(instance: string): string {
  if (PLAIN_TEXT.test(instance)) return instance
  return Array.from(Buffer.from(instance), (byte) => {
    const character = String.fromCharCode(byte)
    if (PLAIN.test(character)) return character
    return `${ESCAPE}${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }).join('')
}

/** Decodes a key; undefined for a key that `encodeKey` does not produce. */
export function decodeKey(text: string): EntryKey | undefined {
  const dot = text.lastIndexOf('.')
  const source = decodeSource(text.slice(0, dot))
  const last = text.slice(dot + 1)
  if (source === undefined) return undefined
  if (last === FOLDED || last === ROWS) return { kind: last, ...source }
  const incarnation = numberOf(last)
  if (incarnation === undefined || incarnation === 0) return undefined
  return { kind: 'incarnation', ...source, incarnation }
}

/** Decodes the text of `sourceKey`; undefined for other texts. */
export function decodeSource(text: string): EntrySource | undefined {
  const [encoded = '', engineText = '', ...rest] = text.split('.')
  const instance = decodeInstance(encoded)
  const engine = numberOf(engineText)
  if (instance === undefined || engine === undefined || rest.length > 0) return undefined
  return { instance, engine }
}

function decodeInstance(encoded: string): string | undefined {
  const bytes = encoded.replaceAll(ESCAPED, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  const instance = Buffer.from(bytes, 'latin1').toString('utf8')
  // The comparison also rejects an escape that is not needed, and bytes that are not UTF-8.
  return isInstance(instance) && encodeInstance(instance) === encoded ? instance : undefined
}

function numberOf(text: string): number | undefined {
  const number = Number(text)
  return NUMBER.test(text) && Number.isSafeInteger(number) ? number : undefined
}
