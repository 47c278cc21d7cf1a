import { describe } from '../describe.js'
import { MoonmeterError } from '../errors.js'
import { refuseUnknownOptions, requireType } from '../options.js'
import { proxyOf } from './client-proxy.js'
import type { Recorder } from './recorder.js'
import { StoreCalls } from './store-calls.js'

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
   * the arguments after the keys, nested arrays included; where there are none, those of the
   * buffers in the result.
   */
  readonly bytesOf?: (keys: readonly unknown[], rest: readonly unknown[], result: unknown) => number
  /**
   * Returns the id of the active trace; called when a call of a method begins. Default: the
   * recorder's option `traceId`. Use it where other code creates the recorder, such as an
   * `EnginePool`.
   */
  readonly traceId?: () => string | undefined
  /** A monotonic clock, in milliseconds; default `performance.now`. */
  readonly now?: () => number
}

/**
 * A proxy of the client that records calls of `batchIsExist`, `batchPut` and `batchGet`, which may
 * return a value or a promise. All other members behave as those of the client.
 *
 * If extra metrics are enabled, the proxy also counts calls in flight, bytes moved and keys found.
 * A key counts as found if its element in the result of `batchIsExist` is `true` or a number above
 * zero.
 *
 * For puts and gets, each number below zero in an array result is a failed key, and the call is
 * recorded as `partial_failure`. An exception is recorded as an `error` of all keys and is
 * rethrown.
 *
 * The proxy returns what the client returns, except that it replaces a promise without own
 * properties by one with the same outcome, so an unhandled rejection is still reported. Any other
 * thenable is returned itself; its `then` is replaced by one that calls the original and records
 * the first outcome. Such a call is recorded once it is awaited, because queries of some libraries
 * begin only then.
 *
 * @throws MoonmeterError `INVALID_OPTION` for an unknown option, a recorder that is none, or a
 * client without any of the three methods. Methods that are added later are recorded too
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
