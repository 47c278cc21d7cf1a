import { types } from 'node:util'

/** Maximum characters of a value in a message, so that a hostile value does not flood a log. */
const SHOWN_CHARACTERS_MAX = 64
/** The prototype with the getters of typed arrays, which also work on those of other realms. */
const TYPED_ARRAY: object = Object.getPrototypeOf(Uint8Array.prototype)

/**
 * A value as text for an error message: short, on one line, and different for values that print
 * alike, such as `10`, `"10"` and `10n`. Never throws: it reads no property of a foreign object,
 * since a getter or a proxy may throw.
 */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(cut(value))
    case 'bigint':
      return cut(`${value}n`)
    case 'symbol':
      return 'a symbol'
    case 'function':
      return 'a function'
    case 'object':
      return value === null ? 'null' : describeObject(value)
    default:
      return String(value)
  }
}

/** The message of an error, or the text of another thrown value. Never throws. */
export function messageOf(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown
  try {
    const message: unknown = (thrown as { message?: unknown } | null | undefined)?.message
    if (typeof message === 'string') return message
  } catch {
    // A getter of a foreign object may throw.
  }
  return describe(thrown)
}

function describeObject(value: object): string {
  // The checks below would describe the target of a proxy, and throw for a revoked one.
  if (types.isProxy(value)) return 'a proxy'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (types.isMap(value)) return 'a map'
  if (types.isUint8Array(value)) return `${Reflect.get(TYPED_ARRAY, 'length', value)} bytes`
  return 'an object'
}

function cut(text: string): string {
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text
}
