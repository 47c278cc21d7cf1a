import { type Msg, Match } from '@nats-io/transport-node'
import { describe } from '../describe.js'
import { MoonmeterError } from '../errors.js'
import type { PayloadSource } from '../payloads/payload-receiver.js'
import { rejection } from '../wire/rejection.js'
import { decodeSource } from './entry-key.js'

/** Parts of a subject that NATS accepts, without wildcards. */
const PREFIX = /^[^\s.*>]+(?:\.[^\s.*>]+)*$/
const PREFIX_LENGTH_MAX = 255
/** The headers that may contain an idempotency key, in order of precedence. */
const KEY_HEADERS = ['Nats-Msg-Id', 'Idempotency-Key'] as const

/**
 * Check the prefix of the subjects of payloads.
 *
 * @throws MoonmeterError `INVALID_OPTION`
 */
export function requirePrefix(name: string, prefix: unknown): asserts prefix is string {
  if (typeof prefix === 'string' && prefix.length <= PREFIX_LENGTH_MAX && PREFIX.test(prefix))
    return
  throw new MoonmeterError(
    'INVALID_OPTION',
    `${name}: expected a subject without wildcards, such as moonmeter.payloads, got ` +
      `${describe(prefix)}; INSTANCE.ENGINE follows it`,
  )
}

/** The wildcard subject of the payloads of all engines. */
export function subjectsOf(prefix: string): string {
  return `${prefix}.*.*`
}

/**
 * The instance, the engine and the idempotency key of a message.
 *
 * @throws MoonmeterError `INVALID_PAYLOAD`, reason `engine`
 */
export function sourceOfMessage({ subject, headers }: Msg, prefix: string): PayloadSource {
  const source = decodeSource(subject.slice(prefix.length + 1))
  if (source === undefined) {
    throw rejection('engine', `a subject ${prefix}.INSTANCE.ENGINE`, subject)
  }
  const keys = KEY_HEADERS.map((name) => headers?.get(name, Match.IgnoreCase))
  return { ...source, key: keys.find((key) => key !== undefined && key !== '') }
}
