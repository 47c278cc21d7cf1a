/**
 * A function that returns the same value until the microtasks queued so far have run. A registry
 * asks all families of a scrape in one synchronous turn: they share one value, so they agree with
 * each other and the engines are read once.
 */
export function memoizePerMicrotask<Value extends object>(read: () => Value): () => Value {
  let current: Value | undefined
  return () => {
    if (current === undefined) {
      current = read()
      queueMicrotask(() => {
        current = undefined
      })
    }
    return current
  }
}
