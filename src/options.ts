import { MoonmeterError } from './errors.js'

/**
 * Refuse options that nobody reads, so that a typing error does not pass for a default.
 *
 * @param where what the options belong to, for the message
 * @throws MoonmeterError `INVALID_OPTION`
 */
export function refuseUnknownOptions(
  where: string,
  options: object,
  known: readonly string[],
): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    throw new MoonmeterError(
      'INVALID_OPTION',
      `${where}: unknown option '${name}'; expected ${known.join(', ')}`,
    )
  }
}

/**
 * The option's value, or its default where it is absent.
 *
 * @param name the option's name, for the message
 * @param range smallest and largest value, both allowed
 * @throws MoonmeterError `INVALID_OPTION` when it is no integer in the range
 */
export function integerOption(
  name: string,
  value: number | undefined,
  fallback: number,
  range: readonly [number, number],
): number {
  if (value === undefined) return fallback
  if (Number.isSafeInteger(value) && value >= range[0] && value <= range[1]) return value
  throw new MoonmeterError(
    'INVALID_OPTION',
    `${name}: expected an integer from ${range[0]} to ${range[1]}, got ${String(value)}`,
  )
}

/**
 * The index of an engine, checked.
 *
 * @throws MoonmeterError `INVALID_ENGINE` when it is no non-negative safe integer
 */
export function engineIndex(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new MoonmeterError(
    'INVALID_ENGINE',
    `engine index: expected a non-negative integer, got ${String(value)}`,
  )
}
