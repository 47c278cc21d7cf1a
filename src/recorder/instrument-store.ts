import { types } from 'node:util'
import { callSafely, readClock } from '../call-safely.js'
import { describe } from '../describe.js'
import { MoonmeterError } from '../errors.js'
import { refuseUnknownOptions, requireType } from '../options.js'
import { COUNT_MAX, STATUS_ERROR, STATUS_OK, STATUS_PARTIAL_FAILURE } from '../stats/row.js'
import { type MethodCall, proxyOf } from './client-proxy.js'
import { observeAnswer } from './observe-answer.js'
import type { Recorder } from './recorder.js'

const MS_PER_SECOND = 1e3
const FUNCTIONS = ['bytesOf', 'traceId', 'now'] as const
const EXISTS_OPERATIONS = ['lookup_exists', 'save_exists']

/** Options of `instrumentStore`; each has a default. */
export interface InstrumentOptions {
  /**
   * The operation of `batchIsExist`: `lookup_exists` (default) where a scheduler looks up prefix
   * blocks, `save_exists` where a saver checks which blocks are stored already.
   */
  readonly existsOperation?: 'lookup_exists' | 'save_exists'
  /**
   * Bytes that a `batchPut` or `batchGet` attempts to move. Default: those of all buffers among
   * the arguments behind the keys, nested arrays included; where there are none, those of the
   * buffers in the result.
   */
  readonly bytesOf?: (keys: readonly unknown[], rest: readonly unknown[], result: unknown) => number
  /**
   * The trace that the code that runs now belongs to, called when a call of a method begins. Default:
   * that of the recorder. It is for recorders that others create, such as those of an `EnginePool`.
   */
  readonly traceId?: () => string | undefined
  /** A clock that never goes back, in milliseconds; default `performance.now`. */
  readonly now?: () => number
}

type BytesOf = NonNullable<InstrumentOptions['bytesOf']>

/**
 * A proxy of the client that records its `batchIsExist`, `batchPut` and `batchGet`, whether they
 * return a value or a promise; everything else of the client behaves as before.
 *
 * A result that is an array with numbers below zero is a `partial_failure` of as many keys (puts
 * and gets only); an exception is an `error` of all keys and is rethrown.
 *
 * The proxy returns what the client returns. Of a promise without properties of its own, it returns
 * another promise with the same outcome, so that an unhandled rejection stays one. Any other thenable
 * is returned itself, with a `then` that calls the former one and records the first outcome: such a
 * call is recorded once its answer is awaited, as queries of some libraries begin only then.
 *
 * @throws MoonmeterError `INVALID_OPTION` for an unknown option, no recorder, or a client that has
 * none of the three methods; those that it gets later are recorded too
 */
export function instrumentStore<Client extends object>(
  client: Client,
  recorder: Recorder,
  options: InstrumentOptions = {},
): Client {
  refuseUnknownOptions('instrumentStore', options, ['existsOperation', ...FUNCTIONS])
  for (const name of FUNCTIONS) requireType(name, 'function', options[name])
  const exists = options.existsOperation ?? 'lookup_exists'
  if (!EXISTS_OPERATIONS.includes(exists)) {
    throw new MoonmeterError(
      'INVALID_OPTION',
      `existsOperation: expected ${EXISTS_OPERATIONS.join(' or ')}, got ${describe(exists)}`,
    )
  }
  if (typeof recorder?.record !== 'function') {
    throw new MoonmeterError(
      'INVALID_OPTION',
      `instrumentStore: expected a recorder of createRecorder(), got ${describe(recorder)}`,
    )
  }
  const operations = { batchIsExist: exists, batchPut: 'save_put', batchGet: 'load_get' }
  requireMethod(client, Object.keys(operations))
  const calls = new StoreCalls(recorder, options)
  return proxyOf(
    client,
    new Map(Object.entries(operations).map(([name, operation]) => [name, calls.of(operation)])),
  )
}

function requireMethod(client: unknown, names: readonly string[]): void {
  const isObject = (typeof client === 'object' && client !== null) || typeof client === 'function'
  if (isObject && names.some((name) => typeof Reflect.get(client, name) === 'function')) return
  throw new MoonmeterError(
    'INVALID_OPTION',
    `instrumentStore: expected a client with ${names.join(', ')}, or some of them, ` +
      `got ${describe(client)} without any; pass the object that has these methods`,
  )
}

/** What is known of a call when it begins. */
interface CallBegin {
  /** When, by the clock of the option `now`. */
  readonly startMs: number
  readonly traceId: string | undefined
}

/** Times calls and records their results. */
class StoreCalls {
  readonly #recorder: Recorder
  readonly #bytesOf: BytesOf
  readonly #traceId: () => string | undefined
  readonly #now: () => number

  constructor(recorder: Recorder, options: InstrumentOptions) {
    this.#recorder = recorder
    this.#bytesOf = options.bytesOf ?? bufferBytes
    const { traceId } = options
    this.#traceId =
      traceId === undefined
        ? () => recorder.currentTraceId()
        : () => callSafely('traceId', traceId) ?? ''
    this.#now = options.now ?? (() => performance.now())
  }

  /** Calls a method, and records the call as this operation. */
  of(operation: string): MethodCall {
    return (method, client, args) => {
      const startMs = readClock('now', this.#now)
      // The answer may come where another trace is active.
      const traceId = this.#traceId()
      // A failure of the telemetry must not fail the call.
      const ended = (failed: boolean, result?: unknown) =>
        callSafely('instrumentStore', () => {
          this.#record(operation, { startMs, traceId }, args, failed, result)
        })
      let answer: unknown
      try {
        answer = Reflect.apply(method, client, args)
      } catch (error) {
        ended(true)
        throw error
      }
      return observeAnswer(answer, ended)
    }
  }

  #record(
    operation: string,
    { startMs, traceId }: CallBegin,
    [keys, ...rest]: readonly unknown[],
    failed: boolean,
    result: unknown,
  ): void {
    // The client may be used after the recorder is closed; such calls are not recorded.
    if (this.#recorder.closed) return
    const elapsedMs = readClock('now', this.#now) - startMs
    const isExists = operation.endsWith('_exists')
    const numKeys = Array.isArray(keys) ? keys.length : 0
    const numFailedKeys = failed ? numKeys : isExists ? 0 : countNegative(result, numKeys)
    const partial = numFailedKeys > 0 ? STATUS_PARTIAL_FAILURE : STATUS_OK
    // A clock of the caller's may go back, or be NaN.
    this.#recorder.record(operation, elapsedMs > 0 ? elapsedMs / MS_PER_SECOND : 0, numKeys, {
      numBytes: isExists ? 0 : this.#countBytes(keys as readonly unknown[], rest, result),
      status: failed ? STATUS_ERROR : partial,
      numFailedKeys,
      traceId,
    })
  }

  /** The bytes of a call; 0 where `bytesOf` throws or returns no valid number. */
  #countBytes(keys: readonly unknown[], rest: readonly unknown[], result: unknown): number {
    const bytes: unknown = callSafely('bytesOf', () => this.#bytesOf(keys, rest, result))
    return typeof bytes === 'number' && bytes >= 0 && bytes <= COUNT_MAX ? bytes : 0
  }
}

/** A typed array with another number of values than keys is the data itself, not a code per key. */
function countNegative(result: unknown, numKeys: number): number {
  const isCodes = types.isTypedArray(result) && result.length === numKeys
  if (!Array.isArray(result) && !isCodes) return 0
  const codes: readonly unknown[] = Array.from(result)
  return codes.filter((code) => isNumber(code) && code < 0).length
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

function bufferBytes(_keys: readonly unknown[], rest: readonly unknown[], result: unknown): number {
  return sumBytes(rest) || sumBytes(result)
}

function sumBytes(value: unknown): number {
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return value.byteLength
  if (!Array.isArray(value)) return 0
  return value.reduce((bytes: number, part: unknown) => bytes + sumBytes(part), 0)
}
