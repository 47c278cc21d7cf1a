import { describe } from './describe.js'
import { MoonmeterError } from './errors.js'

/** A numeric option: its default and its range, ends included. */
export interface NumberOption {
  readonly fallback: number
  readonly min: number
  readonly max: number
  readonly integer?: boolean
}

/** The longest time a Node timer takes, in milliseconds. */
export const TIMER_MS_MAX = 2 ** 31 - 1

/**
 * Throw for unknown options: a misspelt option would have no effect.
 *
 * @param owner the function or object that takes the options, for the message
 * @throws MoonmeterError `INVALID_OPTION`
 */
export function refuseUnknownOptions(
  owner: string,
  options: object,
  known: readonly string[],
): void {
  if (typeof options !== 'object' || options === null) {
    throw new MoonmeterError(
      'INVALID_OPTION',
      `${owner}: expected an object of options, got ${describe(options)}`,
    )
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    throw new MoonmeterError(
      'INVALID_OPTION',
      `${owner}: expected one of ${known.join(', ')}, got an option '${name}'; check its spelling`,
    )
  }
}

/**
 * Check numeric options against a table of ranges, and fill in the defaults.
 *
 * @param owner the function or object that takes the options, for the message
 * @param others names of options that are not in the table
 * @throws MoonmeterError `INVALID_OPTION` for an unknown name or a value out of its range
 */
export function resolveNumbers<Name extends string>(
  owner: string,
  table: Readonly<Record<Name, NumberOption>>,
  given: Readonly<Partial<Record<NoInfer<Name>, number | undefined>>>,
  others: readonly string[] = [],
): Record<Name, number> {
  const names = Object.keys(table) as Name[]
  refuseUnknownOptions(owner, given, [...names, ...others])
  const resolved = {} as Record<Name, number>
  for (const name of names) {
    resolved[name] = requireNumber(`${owner}.${name}`, table[name], given[name])
  }
  return resolved
}

/**
 * Check one numeric option; `undefined` gives its default.
 *
 * @param name of the option, for the message
 * @throws MoonmeterError `INVALID_OPTION` when it is not a number, or out of range
 */
export function requireNumber(name: string, option: NumberOption, given: unknown): number {
  const value = given === undefined ? option.fallback : given
  const { min, max, integer = false } = option
  // The condition is false for NaN, too.
  const allowed = typeof value === 'number' && value >= min && value <= max
  if (allowed && (!integer || Number.isInteger(value))) return value
  const expected = `${integer ? 'an integer' : 'a number'} from ${min} to ${max}`
  throw new MoonmeterError(
    'INVALID_OPTION',
    `${name}: expected ${expected}, got ${describe(value)}; give one in that range`,
  )
}

/**
 * Check an option that is a list of known names; `undefined` gives an empty list.
 *
 * @param name of the option, for the message
 * @throws MoonmeterError `INVALID_OPTION` when it is not an array, or contains another value
 */
export function requireNames<Name extends string>(
  name: string,
  known: readonly Name[],
  given: unknown,
): readonly Name[] {
  if (given === undefined) return []
  if (!Array.isArray(given)) {
    throw new MoonmeterError(
      'INVALID_OPTION',
      `${name}: expected an array of ${known.join(', ')}, got ${describe(given)}`,
    )
  }
  for (const one of given) {
    if (known.includes(one)) continue
    throw new MoonmeterError(
      'INVALID_OPTION',
      `${name}: expected some of ${known.join(', ')}, got ${describe(one)}; check its spelling`,
    )
  }
  return known.filter((one) => given.includes(one))
}

/**
 * Check the type of an option that may be absent.
 *
 * @param name of the option, for the message
 * @throws MoonmeterError `INVALID_OPTION`
 */
export function requireType(
  name: string,
  type: 'string' | 'function' | 'boolean',
  given: unknown,
): void {
  if (given === undefined || typeof given === type) return
  throw new MoonmeterError('INVALID_OPTION', `${name}: expected a ${type}, got ${describe(given)}`)
}
