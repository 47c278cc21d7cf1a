import { types } from 'node:util'
import { callSafely } from '../call-safely.js'

/** `then` of the promises of asynchronous functions, also where a library has replaced `Promise`. */
const { then: promiseThen } = Object.getPrototypeOf((async () => {})()) as Promise<unknown>

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
 * Observe the outcome of a call by the value that the method returned: at once for a plain value,
 * and when it settles for a promise or another thenable.
 *
 * - A plain promise: Node treats an observed rejection as handled, so the caller gets a new promise
 *   with the same outcome.
 * - Another thenable: it may have further methods, and each call of its `then` may start the work.
 *   So `then` is not called here but replaced, in this object only, by one that also observes the
 *   outcome.
 * - A promise with properties of its own: `await` does not call its `then`, so it is observed at once.
 *
 * @returns the value to return to the caller
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
  // Symbols are not checked: Node stores the asynchronous context of a promise under one.
  if (Object.getOwnPropertyNames(answer).length === 0) return observed
  observed.catch(() => {})
  return answer
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return false
  try {
    return typeof (value as Partial<PromiseLike<unknown>>).then === 'function'
  } catch {
    // The getter throws again when the caller awaits the value.
    return false
  }
}

/**
 * Whether `await` observes a value without a call of its `then`: a promise of the class `Promise` of
 * any realm, not of a subclass. It is not compared with the global `Promise`, which libraries replace
 * while asynchronous functions go on returning promises of the original one.
 */
function isPlainPromise(value: unknown): value is Promise<unknown> {
  if (!types.isPromise(value) || Object.hasOwn(value, 'constructor')) return false
  const prototype: object | null = Object.getPrototypeOf(value)
  // A prototype may have no constructor, or one of any type.
  const isOfClass = prototype !== null && prototype.constructor?.prototype === prototype
  return isOfClass && isTopPrototype(Object.getPrototypeOf(prototype))
}

/** Whether a prototype is `Object.prototype`, of any realm. */
function isTopPrototype(prototype: object | null): boolean {
  return prototype !== null && Object.getPrototypeOf(prototype) === null
}

function observe(promise: Promise<unknown>, observer: CallObserver): Promise<unknown> {
  return promiseThen.call(
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

/** By the `then` that replaced the thenable's own: the observers that wait for the outcome. */
const waiting = new WeakMap<object, CallObserver[]>()

function replaceThen(thenable: PromiseLike<unknown>, observer: CallObserver): void {
  const { then } = thenable
  // A client may return one object from several calls; each call has an observer.
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
