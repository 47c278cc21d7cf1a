import { BinLayout } from '../stats/bin-layout.js'
import { type Counts, countsOfInterval, type LiveInterval } from './live-interval.js'
import {
  type EngineState,
  type IntervalMessage,
  type LiveHello,
  type LiveState,
  STREAM_VERSION,
} from './live-message.js'

/** The latest time that a `Date` can hold. */
const TIME_MS_MAX = 8.64e15
/**
 * Maximum interval between updates that a client accepts: an hour. Servers send one each second.
 */
const INTERVAL_MS_MAX = 3_600_000

/** The server is not moonmeter, or has another version. The message is shown to the user. */
export class StreamError extends Error {}

/** A decoded event of a stream. */
export type LiveEvent =
  | { readonly kind: 'hello'; readonly hello: LiveHello }
  | { readonly kind: 'history'; readonly interval: LiveInterval }
  | {
      readonly kind: 'update'
      readonly interval: LiveInterval | undefined
      readonly state: LiveState
    }
  /** An event of a later version. */
  | { readonly kind: 'unknown' }

/**
 * Decode and validate an event of a stream.
 *
 * @throws StreamError when it is not what a server of this version sends
 */
export function readEvent(event: string | undefined, data: string): LiveEvent {
  switch (event) {
    case 'hello':
      return { kind: 'hello', hello: readHello(fieldsOf(parse(data))) }
    case 'history':
      return { kind: 'history', interval: readInterval(parse(data).interval) }
    case 'update': {
      const { interval, state } = parse(data)
      return {
        kind: 'update',
        interval: interval === undefined ? undefined : readInterval(interval),
        state: readState(state),
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
  throw new StreamError('the server sent an event that is not a JSON object; is it moonmeter?')
}

function readHello(message: Fields<LiveHello>): LiveHello {
  const { service, version, modelName, bounds, intervalMs, isResumed } = message
  if (service !== 'moonmeter') {
    throw new StreamError('expected the stream of a moonmeter server, got that of another program')
  }
  if (version !== STREAM_VERSION) {
    throw new StreamError(
      `expected version ${STREAM_VERSION} of the stream, got ` +
        `${typeof version === 'number' ? version : 'none that is a number'}; ` +
        'use the same version of moonmeter on both sides',
    )
  }
  const isValid =
    typeof modelName === 'string' &&
    isNumber(intervalMs, INTERVAL_MS_MAX) &&
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
  const fields = fieldsOf<IntervalMessage>(message)
  const { fromMs, toMs, sources, names, series } = fields
  const isValid =
    isNumber(fromMs, TIME_MS_MAX) &&
    isNumber(toMs, TIME_MS_MAX) &&
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
    // Servers of earlier versions send neither.
    ...countsOfInterval(
      readCounts(fields.restarts ?? {}, 'interval'),
      readCounts(fields.rejections ?? {}, 'interval'),
    ),
  }
}

function readCounts(message: unknown, what: string): Counts {
  const counts: [string, unknown][] = Object.entries(fieldsOf<object>(message))
  return new Map(
    counts.map(([name, count]) => {
      if (!isNumber(count)) throw invalid(what)
      return [name, count]
    }),
  )
}

function readState(message: unknown): LiveState {
  const { timestampMs, engines, rejections } = fieldsOf<LiveState>(message)
  const isValid = isNumber(timestampMs, TIME_MS_MAX) && Array.isArray(engines)
  if (!isValid) throw invalid('state')
  return {
    timestampMs,
    engines: engines.map(readEngine),
    rejections: Object.fromEntries(readCounts(rejections, 'state')),
  }
}

function readEngine(message: unknown): EngineState {
  const fields = fieldsOf<EngineState>(message)
  const { source, up, open = true, incarnation, lastReportMs, restarts, rows } = fields
  const isValid =
    typeof source === 'string' &&
    typeof up === 'boolean' &&
    typeof open === 'boolean' &&
    isNumber(incarnation) &&
    (lastReportMs === null || isNumber(lastReportMs, TIME_MS_MAX)) &&
    isNumber(restarts) &&
    isNumber(rows)
  if (!isValid) throw invalid('engine')
  return { source, up, ...(!open && { open }), incarnation, lastReportMs, restarts, rows }
}

function fieldsOf<Shape>(message: unknown): Fields<Shape> {
  return typeof message === 'object' && message !== null ? message : {}
}

/** Whether a value is a number from 0 to a maximum. `JSON.parse` reads `1e999` as Infinity. */
function isNumber(value: unknown, max = Number.MAX_VALUE): value is number {
  return typeof value === 'number' && value >= 0 && value <= max
}

function isList<Type extends 'string' | 'number'>(
  value: unknown,
  type: Type,
): value is (Type extends 'string' ? string : number)[] {
  return Array.isArray(value) && value.every((item) => typeof item === type)
}

/** Node 20 to 24 do not have `Uint8Array.fromBase64`. */
function fromBase64(text: string): Uint8Array {
  try {
    const binary = atob(text)
    const bytes = new Uint8Array(binary.length)
    for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at)
    return bytes
  } catch {
    throw invalid('interval')
  }
}

function invalid(what: string): StreamError {
  return new StreamError(`the server sent a malformed ${what}; use the same version on both sides`)
}
