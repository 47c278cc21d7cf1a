import { InvalidArgumentError } from 'commander'
import { formatDuration, parseDuration } from '../rules/duration.js'
import type { ListenAddress } from './resolve-host.js'

const PORT_MAX = 65_535
/** Identifiers of dashboards that Grafana accepts. */
const UID = /^[\w-]{1,40}$/

/**
 * Returns a parser of numbers from `min` to `max`.
 *
 * @param expected description of valid values, for the message
 */
export function numberFrom(
  min: number,
  max: number,
  expected = `a number from ${min} to ${max}`,
): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text)
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(`Expected ${expected}.`)
  }
}

/** Returns a parser of integers from `min` to `max`. */
export function integerFrom(min: number, max: number): (text: string) => number {
  const expected = `an integer from ${min} to ${max}`
  const parse = numberFrom(min, max, expected)
  return (text) => {
    const value = parse(text)
    if (Number.isInteger(value)) return value
    throw new InvalidArgumentError(`Expected ${expected}.`)
  }
}

/** A parser of a fixed set of names, with the names for shell completion. */
export interface NameParser<Name extends string> {
  (text: string): Name
  readonly choices: readonly Name[]
}

/**
 * Returns a parser of a fixed set of names. Unlike with `Option.choices`, the help does not list
 * them.
 */
export function oneOf<Name extends string>(names: readonly Name[]): NameParser<Name> {
  const parse = (text: string) => {
    const name = names.find((each) => each === text)
    if (name !== undefined) return name
    throw new InvalidArgumentError(`Expected one of ${names.join(', ')}.`)
  }
  return Object.assign(parse, { choices: names })
}

/** Returns a parser of durations such as `5m`, from `min` to `max` seconds, as seconds. */
export function durationFrom(min: number, max: number): (text: string) => number {
  return (text) => {
    const seconds = parseDuration(text)
    if (seconds !== undefined && seconds >= min && seconds <= max) return seconds
    throw new InvalidArgumentError(
      `Expected a duration from ${formatDuration(min)} to ${formatDuration(max)}, such as 30s, 5m or 1h.`,
    )
  }
}

/** Parses a replay speed: a number, or `max`. */
export function parseSpeed(text: string): number | 'max' {
  return text === 'max' ? text : numberFrom(1e-6, 1e9, "a number from 1e-6 to 1e9, or 'max'")(text)
}

/** Parses `HOST:PORT`; an IPv6 host is in brackets. */
export function parseListen(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^[\]:]+)):(\d+)$/.exec(text)
  const port = Number(match?.[3])
  const host = match?.[1] ?? match?.[2]
  if (host !== undefined && port <= PORT_MAX) return { host, port }
  throw new InvalidArgumentError('Expected HOST:PORT, such as 127.0.0.1:9464 or [::1]:0.')
}

/** Parses a non-empty text. */
export function parseText(text: string): string {
  if (text.trim() !== '') return text
  throw new InvalidArgumentError('Expected a non-empty text.')
}

/** Parses the identifier of a dashboard. */
export function parseUid(text: string): string {
  if (UID.test(text)) return text
  throw new InvalidArgumentError('Expected up to 40 letters, digits, - and _.')
}
