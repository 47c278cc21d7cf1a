import { types } from 'node:util'
import { callSafely } from '../call-safely.js'

/** Takes the outcome of an answer: whether it failed, and the result if not. It does not throw. */
type TakeOutcome = (failed: boolean, result?: unknown) => void

/**
 * Tell the outcome of what a method answered: at once for a value, and once it is settled for a
 * promise or another thenable.
 *
 * To observe a promise counts as handling its rejection. So of a plain promise, the caller gets
 * another one with the same outcome, whose rejection is the caller's to handle.
 *
 * Another thenable is returned itself: it may have methods, and its `then` may begin the work and
 * begin it again at each call. So `then` is not called here but replaced, in this object only, by
 * one that takes the outcome on its way to the caller.
 *
 * A promise with properties of its own is returned itself too. `await` does not call its `then`, so
 * it is observed at once.
 *
 * @returns what the caller gets
 */
export function observeAnswer(answer: unknown, take: TakeOutcome): unknown {
  if (!isThenable(answer)) {
    take(false, answer)
    return answer
  }
  if (!types.isPromise(answer) || answer.constructor !== Promise) {
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
    // Whoever awaits it gets the error.
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

function replaceThen(thenable: PromiseLike<unknown>, take: TakeOutcome): void {
  const { then } = thenable
  let isTaken = false
  const takeFirst: TakeOutcome = (failed, result) => {
    if (isTaken) return
    isTaken = true
    take(failed, result)
  }
  Object.defineProperty(thenable, 'then', {
    configurable: true,
    writable: true,
    enumerable: Object.getOwnPropertyDescriptor(thenable, 'then')?.enumerable ?? false,
    value(this: unknown, onResult: unknown, onError: unknown, ...rest: unknown[]) {
      const observed = [
        (result: unknown) => {
          takeFirst(false, result)
          return typeof onResult === 'function' ? onResult(result) : result
        },
        (error: unknown) => {
          takeFirst(true)
          if (typeof onError === 'function') return onError(error)
          throw error
        },
      ]
      return Reflect.apply(then, this, [...observed, ...rest])
    },
  })
}
