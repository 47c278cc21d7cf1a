import { types } from 'node:util'
import { callSafely } from '../call-safely.js'

/** Called with the events of a call; its methods do not throw. */
export interface CallObserver {
  /** The method returned a thenable, which may begin its work only when it is awaited. */
  postponed(): void
  /** The `then` of that thenable was called, which may happen several times. */
  awaited(): void
  /** The call has ended: whether it failed, and its result if not. Called once. */
  ended(failed: boolean, result?: unknown): void
}

/**
 * Observe the outcome of what a method returned: at once for a value, and once it is settled for a
 * promise or another thenable.
 *
 * - A plain promise: observing it counts as handling its rejection, so the caller gets another one
 *   with the same outcome.
 * - Another thenable: it may have methods, and each call of its `then` may begin the work. So `then`
 *   is not called here but replaced, in this object only, by one that also takes the outcome.
 * - A promise with properties of its own: `await` does not call its `then`, so it is observed at once.
 *
 * @returns what the caller gets
 */
export function observeAnswer(answer: unknown, observer: CallObserver): unknown {
  if (!isThenable(answer)) {
    observer.ended(false, answer)
    return answer
  }
  if (!isPlainPromise(answer)) {
    observer.postponed()
    callSafely('instrumentStore', () => replaceThen(answer, observer))
    return answer
  }
  const observed = observe(answer, observer)
  // Symbols may be Node's: it keeps the asynchronous context of a promise there.
  if (Object.getOwnPropertyNames(answer).length === 0) return observed
  observed.catch(() => {})
  return answer
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return false
  try {
    return typeof (value as Partial<PromiseLike<unknown>>).then === 'function'
  } catch {
    // The getter throws again where the caller awaits the value.
    return false
  }
}

function isPlainPromise(value: unknown): value is Promise<unknown> {
  try {
    return types.isPromise(value) && value.constructor === Promise
  } catch {
    return false
  }
}

function observe(promise: Promise<unknown>, observer: CallObserver): Promise<unknown> {
  return Promise.prototype.then.call(
    promise,
    (result) => {
      observer.ended(false, result)
      return result
    },
    (error) => {
      observer.ended(true)
      throw error
    },
  )
}

/** What waits for the outcome of a thenable, by the `then` that replaced its own. */
const waiting = new WeakMap<object, CallObserver[]>()

function replaceThen(thenable: PromiseLike<unknown>, observer: CallObserver): void {
  const { then } = thenable
  // A client may answer many calls with one object, and each of them waits for its outcome.
  const known = waiting.get(then)
  if (known !== undefined) {
    known.push(observer)
    return
  }
  const observers = [observer]
  const endAll = (failed: boolean, result?: unknown) => {
    for (const one of observers.splice(0)) one.ended(failed, result)
  }
  const observedThen = function (
    this: unknown,
    onResult: unknown,
    onError: unknown,
    ...rest: unknown[]
  ) {
    for (const one of observers) one.awaited()
    const observed = [
      (result: unknown) => {
        endAll(false, result)
        return typeof onResult === 'function' ? onResult(result) : result
      },
      (error: unknown) => {
        endAll(true)
        if (typeof onError === 'function') return onError(error)
        throw error
      },
    ]
    return Reflect.apply(then, this, [...observed, ...rest])
  }
  Object.defineProperty(thenable, 'then', {
    configurable: true,
    writable: true,
    enumerable: Object.getOwnPropertyDescriptor(thenable, 'then')?.enumerable ?? false,
    value: observedThen,
  })
  waiting.set(observedThen, observers)
}
