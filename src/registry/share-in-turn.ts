/**
 * Returns a function whose calls within one turn of the event loop share one read, which begins
 * after the turn. A registry calls all families of a scrape in one turn, so they have values of one
 * moment, which is after all the calls.
 */
export function shareInTurn<Result>(read: () => Promise<Result>): () => Promise<Result> {
  let shared: Promise<Result> | undefined
  return () => {
    shared ??= Promise.resolve().then(() => {
      shared = undefined
      return read()
    })
    return shared
  }
}
