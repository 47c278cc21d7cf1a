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
   * The trace that the code that runs now belongs to, called when a call of a method begins. Default:
   * that of the recorder. It is for recorders that others create, such as those of an `EnginePool`.
   */
  readonly traceId?: () => string | undefined
  /** A clock that never goes back, in milliseconds; default `performance.now`. */
  readonly now?: () => number
}

/**
 * A proxy of the client that records its `batchIsExist`, `batchPut` and `batchGet`, whether they
 * return a value or a promise; everything else of the client behaves as before.
 *
 * Where the aggregator asks for extra metrics, calls in flight, bytes moved and keys found are counted,
 * too. A key is found where its place in the result of `batchIsExist` has `true` or a number above zero.
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
