import { InvalidArgumentError } from 'commander'
import type { ListenAddress } from '../server/metrics-server.js'

const PORT_MAX = 65_535
const SPEED_MIN = 1e-6
const SPEED_MAX = 1e9

/** A parser of numbers from `min` to `max`. */
export function numberFrom(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text)
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(`Expected a number from ${min} to ${max}.`)
  }
}

/** A parser of integers from `min` to `max`. */
export function integerFrom(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text)
    if (Number.isInteger(value) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`Expected an integer from ${min} to ${max}.`)
  }
}

/** How many times faster than its own time a trace is replayed, or `max`. */
export function parseSpeed(text: string): number | 'max' {
  if (text === 'max') return text
  const value = Number(text)
  if (text.trim() !== '' && value >= SPEED_MIN && value <= SPEED_MAX) return value
  const range = `from ${SPEED_MIN} to ${SPEED_MAX}`
  throw new InvalidArgumentError(`Expected a number ${range}, or 'max'.`)
}

/** `HOST:PORT`, an IPv6 host in brackets. */
export function parseListen(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^[\]:]+)):(\d+)$/.exec(text)
  const port = Number(match?.[3])
  const host = match?.[1] ?? match?.[2]
  if (host !== undefined && port <= PORT_MAX) return { host, port }
  throw new InvalidArgumentError('Expected HOST:PORT, such as 127.0.0.1:9464 or [::1]:0.')
}
