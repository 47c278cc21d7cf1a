import { BinLayout } from '../stats/bin-layout.js'
import type { LiveInterval } from './live-interval.js'
import {
  type EngineState,
  type IntervalMessage,
  type LiveHello,
  type LiveState,
  STREAM_VERSION,
} from './live-message.js'

/** A server is no moonmeter, or one of another version; the message is for the user. */
export class StreamError extends Error {}

/** An event of a stream, read. */
export type LiveEvent =
  | { readonly kind: 'hello'; readonly hello: LiveHello }
  | { readonly kind: 'history'; readonly interval: LiveInterval }
  | {
      readonly kind: 'update'
      readonly interval: LiveInterval | undefined
      readonly state: LiveState
    }
  /** An event that a later version may send. */
  | { readonly kind: 'unknown' }

/**
 * Reads an event of a stream.
 *
 * @throws StreamError when it is not what a server of this version sends
 */
export function readEvent(event: string | undefined, data: string): LiveEvent {
  const message = parse(data)
  switch (event) {
    case 'hello':
      return { kind: 'hello', hello: readHello(fieldsOf(message)) }
    case 'history':
      return { kind: 'history', interval: readInterval(message.interval) }
    case 'update': {
      const { interval } = message
      return {
        kind: 'update',
        interval: interval === undefined ? undefined : readInterval(interval),
        state: readState(message.state),
      }
    }
    default:
      return { kind: 'unknown' }
  }
}

type Fields<Shape> = { readonly [Name in keyof Shape]?: unknown }

function parse(data: string): { readonly interval?: unknown; readonly state?: unknown } {
  try {
    const message: unknown = JSON.parse(data)
    if (typeof message === 'object' && message !== null) return message
  } catch {
    // Reported below.
  }
  throw new StreamError('the server sent an event that is no JSON object; is it moonmeter?')
}

function readHello(message: Fields<LiveHello>): LiveHello {
  const { service, version, modelName, bounds, intervalMs, isResumed } = message
  if (service !== 'moonmeter') {
    throw new StreamError('expected the stream of a moonmeter server, got that of another program')
  }
  if (version !== STREAM_VERSION) {
    throw new StreamError(
      `expected version ${STREAM_VERSION} of the stream, got ${String(version)}; ` +
        'use the same version of moonmeter on both sides',
    )
  }
  const isValid =
    typeof modelName === 'string' &&
    typeof intervalMs === 'number' &&
    typeof isResumed === 'boolean' &&
    isList(bounds, 'number')
  if (!isValid) throw invalid('hello')
  try {
    BinLayout.of(bounds)
  } catch {
    throw invalid('hello')
  }
  return { service, version, modelName, bounds, intervalMs, isResumed }
}

function readInterval(message: unknown): LiveInterval {
  const { fromMs, toMs, sources, names, series } = fieldsOf<IntervalMessage>(message)
  const isValid =
    typeof fromMs === 'number' &&
    typeof toMs === 'number' &&
    toMs > fromMs &&
    isList(sources, 'string') &&
    Array.isArray(names) &&
    typeof series === 'string'
  if (!isValid) throw invalid('interval')
  return {
    ...{ fromMs, toMs, sources },
    names: names.map((name) => {
      const [operation, status] = Array.isArray(name) ? name : []
      if (typeof operation !== 'string' || typeof status !== 'string') throw invalid('interval')
      return { operation, status }
    }),
    series: fromBase64(series),
  }
}

function readState(message: unknown): LiveState {
  const { timestampMs, engines, rejections } = fieldsOf<LiveState>(message)
  if (typeof timestampMs !== 'number' || !Array.isArray(engines)) throw invalid('state')
  const counts = Object.entries(fieldsOf<object>(rejections))
  return {
    timestampMs,
    engines: engines.map(readEngine),
    rejections: Object.fromEntries(counts.map(([reason, count]) => [reason, Number(count)])),
  }
}

function readEngine(message: unknown): EngineState {
  const fields = fieldsOf<EngineState>(message)
  const { source, up, incarnation, lastReportMs, restarts, rows } = fields
  const isValid =
    typeof source === 'string' &&
    typeof up === 'boolean' &&
    typeof incarnation === 'number' &&
    (lastReportMs === null || typeof lastReportMs === 'number') &&
    typeof restarts === 'number' &&
    typeof rows === 'number'
  if (!isValid) throw invalid('engine')
  return { source, up, incarnation, lastReportMs, restarts, rows }
}

function fieldsOf<Shape>(message: unknown): Fields<Shape> {
  return typeof message === 'object' && message !== null ? message : {}
}

function isList<Type extends 'string' | 'number'>(
  value: unknown,
  type: Type,
): value is (Type extends 'string' ? string : number)[] {
  return Array.isArray(value) && value.every((item) => typeof item === type)
}

/** `Uint8Array.fromBase64` is not in Node 20 to 24. */
function fromBase64(text: string): Uint8Array {
  try {
    const binary = atob(text)
    return Uint8Array.from(binary, (character) => character.charCodeAt(0))
  } catch {
    throw invalid('interval')
  }
}

function invalid(what: string): StreamError {
  return new StreamError(`the server sent a malformed ${what}; use the same version on both sides`)
}
