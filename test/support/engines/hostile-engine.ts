/**
 * Engines that throw or return values that are hard to transfer to another thread; the task is the
 * name of the value.
 */

import type { EngineContext } from '../../../src/index.js'

/** Values to throw, by name. */
export const FAILURES: Readonly<Record<string, () => unknown>> = {
  null: () => null,
  undefined: () => undefined,
  text: () => 'a text',
  object: () => ({ code: 7 }),
  function: () => () => {},
  symbol: () => Symbol('a symbol'),
  'object without a text': () => ({ toString: 5, valueOf: 5 }),
  'object without a prototype': () => Object.create(null),
  'error with a cause that cannot be cloned': () => new Error('outer', { cause: () => {} }),
  'error whose message throws': () =>
    Object.defineProperty(new Error(), 'message', {
      get() {
        throw new Error('no message')
      },
    }),
  'error whose name throws': () =>
    Object.defineProperty(new Error('its text'), 'name', {
      get() {
        throw null
      },
    }),
  'error whose message is a symbol': () =>
    Object.defineProperty(new Error(), 'message', { value: Symbol('message') }),
  'proxy of an error': () =>
    new Proxy(new Error(), {
      getPrototypeOf() {
        throw null
      },
    }),
  'aborted signal': () => AbortSignal.abort().reason,
  'text like that of an ended thread': () => new Error('worker exited with code: 0'),
}

/** Throws the value that its task names. */
export async function throwNamed({ recorder, task }: EngineContext<string>): Promise<void> {
  recorder.record('load_get', 0.25, 1)
  throw FAILURES[task]?.()
}

/** Throws the value that its task names in a callback, outside of the returned promise. */
export async function throwNamedElsewhere({ recorder, task }: EngineContext<string>) {
  recorder.record('load_get', 0.25, 1)
  setImmediate(() => {
    throw FAILURES[task]?.()
  })
  await new Promise((resolve) => setTimeout(resolve, 60_000))
}

/** Results that cannot be sent to another thread. */
export const RESULTS: Readonly<Record<string, () => unknown>> = {
  function: () => ({ close: () => {} }),
  'getter that throws null': () => ({
    get rows() {
      throw null
    },
  }),
}

/** Returns the value that its task names. */
export function returnNamed({ recorder, task }: EngineContext<string>): unknown {
  recorder.record('load_get', 0.25, 1)
  return RESULTS[task]?.()
}
