import { callSafely } from '../call-safely.js'
import { MoonmeterError } from '../errors.js'
import { refuseUnknownOptions, requireType } from '../options.js'
import { COUNT_MAX, STATUS_ERROR, STATUS_OK, STATUS_PARTIAL_FAILURE } from '../stats/row.js'
import type { Recorder } from './recorder.js'

const MS_PER_SECOND = 1e3
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
  /** A clock that never goes back, in milliseconds; default `performance.now`. */
  readonly now?: () => number
}

type Method = (keys: readonly unknown[], ...rest: unknown[]) => unknown
type BytesOf = NonNullable<InstrumentOptions['bytesOf']>

/**
 * A proxy of the client that records its `batchIsExist`, `batchPut` and `batchGet`, whether they
 * return a value or a promise; everything else of the client behaves as before.
 *
 * A result that is an array with numbers below zero is a `partial_failure` of as many keys (puts
 * and gets only); an exception is an `error` of all keys and is rethrown.
 *
 * @throws MoonmeterError `INVALID_OPTION` for an unknown option
 */
export function instrumentStore<Client extends object>(
  client: Client,
  recorder: Recorder,
  options: InstrumentOptions = {},
): Client {
  refuseUnknownOptions('instrumentStore', options, ['existsOperation', 'bytesOf', 'now'])
  requireType('bytesOf', 'function', options.bytesOf)
  requireType('now', 'function', options.now)
  const call = new StoreCall(recorder, options)
  const exists = options.existsOperation ?? 'lookup_exists'
  if (!EXISTS_OPERATIONS.includes(exists)) {
    throw new MoonmeterError(
      'INVALID_OPTION',
      `existsOperation: expected ${EXISTS_OPERATIONS.join(' or ')}, got '${String(exists)}'`,
    )
  }
  const operations = new Map<PropertyKey, string>([
    ['batchIsExist', exists],
    ['batchPut', 'save_put'],
    ['batchGet', 'load_get'],
  ])
  // Methods are bound to the client, since a proxy does not have its private fields.
  const methods = new Map<PropertyKey, { readonly from: unknown; readonly to: Method }>()
  // The target is an empty object: a proxy of a frozen client has to return the client's methods.
  return new Proxy(Object.create(Object.getPrototypeOf(client)) as Client, {
    get(_target, name) {
      const value: unknown = Reflect.get(client, name, client)
      if (typeof value !== 'function') return value
      const known = methods.get(name)
      if (known?.from === value) return known.to
      const operation = operations.get(name)
      const bound: Method = value.bind(client)
      const to = operation === undefined ? bound : call.wrap(operation, bound)
      methods.set(name, { from: value, to })
      return to
    },
    set: (_target, name, value) => Reflect.set(client, name, value, client),
    has: (_target, name) => Reflect.has(client, name),
    deleteProperty: (_target, name) => Reflect.deleteProperty(client, name),
    ownKeys: () => Reflect.ownKeys(client),
    getOwnPropertyDescriptor(_target, name) {
      const own = Reflect.getOwnPropertyDescriptor(client, name)
      return own && { ...own, configurable: true }
    },
  })
}

/** Times one call and records its result. */
class StoreCall {
  readonly #recorder: Recorder
  readonly #bytesOf: BytesOf
  readonly #now: () => number

  constructor(recorder: Recorder, options: InstrumentOptions) {
    this.#recorder = recorder
    this.#bytesOf = options.bytesOf ?? bufferBytes
    this.#now = options.now ?? (() => performance.now())
  }

  wrap(operation: string, method: Method): Method {
    return (keys, ...rest) => {
      const startMs = this.#now()
      // A failure of the telemetry must not fail the call.
      const ended = (result: unknown, failed: boolean) =>
        callSafely('instrumentStore', () =>
          this.#record(operation, startMs, keys, rest, result, failed),
        )
      let result: unknown
      try {
        result = method(keys, ...rest)
      } catch (error) {
        ended(undefined, true)
        throw error
      }
      if (!isThenable(result)) {
        ended(result, false)
        return result
      }
      return result.then(
        (value) => {
          ended(value, false)
          return value
        },
        (error) => {
          ended(undefined, true)
          throw error
        },
      )
    }
  }

  #record(
    operation: string,
    startMs: number,
    keys: readonly unknown[],
    rest: readonly unknown[],
    result: unknown,
    failed: boolean,
  ): void {
    // The client may be used after the recorder is closed; such calls are not recorded.
    if (this.#recorder.closed) return
    const durationSeconds = Math.max(0, this.#now() - startMs) / MS_PER_SECOND
    const isExists = operation.endsWith('_exists')
    const numKeys = keys?.length ?? 0
    const numFailedKeys = failed ? numKeys : isExists ? 0 : countNegative(result)
    const partial = numFailedKeys > 0 ? STATUS_PARTIAL_FAILURE : STATUS_OK
    this.#recorder.record(operation, durationSeconds, numKeys, {
      numBytes: isExists ? 0 : this.#countBytes(keys, rest, result),
      status: failed ? STATUS_ERROR : partial,
      numFailedKeys,
    })
  }

  /** The bytes of a call; 0 where `bytesOf` throws or returns no valid number. */
  #countBytes(keys: readonly unknown[], rest: readonly unknown[], result: unknown): number {
    try {
      const bytes = this.#bytesOf(keys, rest, result)
      return bytes >= 0 && bytes <= COUNT_MAX ? bytes : 0
    } catch {
      return 0
    }
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function'
}

function countNegative(result: unknown): number {
  if (!Array.isArray(result) && !ArrayBuffer.isView(result)) return 0
  const codes = Array.from(result as unknown as ArrayLike<unknown>)
  return codes.filter((code) => typeof code === 'number' && code < 0).length
}

function bufferBytes(_keys: readonly unknown[], rest: readonly unknown[], result: unknown): number {
  return sumBytes(rest) || sumBytes(result)
}

function sumBytes(value: unknown): number {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength
  if (!Array.isArray(value)) return 0
  return value.reduce((bytes: number, part: unknown) => bytes + sumBytes(part), 0)
}
