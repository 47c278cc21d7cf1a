/**
 * A function that answers the same for as long as the current turn of the event loop's microtasks
 * lasts. A registry asks all families of a scrape in one go: so they agree with each other, and
 * the engines are read once.
 */
export function oncePerTurn<Value extends object>(read: () => Value): () => Value {
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
