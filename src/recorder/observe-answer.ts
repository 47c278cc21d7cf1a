import { types } from 'node:util'
import { callSafely } from '../call-safely.js'

/** Takes the outcome of an answer: whether it failed, and the result if not. It does not throw. */
type TakeOutcome = (failed: boolean, result?: unknown) => void

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
export function observeAnswer(answer: unknown, take: TakeOutcome): unknown {
  if (!isThenable(answer)) {
    take(false, answer)
    return answer
  }
  if (!isPlainPromise(answer)) {
    callSafely('instrumentStore', () => replaceThen(answer, take))
    return answer
  }
  const observed = observe(answer, take)
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

function observe(promise: Promise<unknown>, take: TakeOutcome): Promise<unknown> {
  return Promise.prototype.then.call(
    promise,
    (result) => {
      take(false, result)
      return result
    },
    (error) => {
      take(true)
      throw error
    },
  )
}

/** What waits for the outcome of a thenable, by the `then` that replaced its own. */
const waiting = new WeakMap<object, TakeOutcome[]>()

function replaceThen(thenable: PromiseLike<unknown>, take: TakeOutcome): void {
  const { then } = thenable
  // A client may answer many calls with one object, and each of them waits for its outcome.
  const known = waiting.get(then)
  if (known !== undefined) {
    known.push(take)
    return
  }
  const takes = [take]
  const takeAll: TakeOutcome = (failed, result) => {
    for (const one of takes.splice(0)) one(failed, result)
  }
  const observedThen = function (
    this: unknown,
    onResult: unknown,
    onError: unknown,
    ...rest: unknown[]
  ) {
    const observed = [
      (result: unknown) => {
        takeAll(false, result)
        return typeof onResult === 'function' ? onResult(result) : result
      },
      (error: unknown) => {
        takeAll(true)
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
  waiting.set(observedThen, takes)
}
