/**
 * Lets all calls of one synchronous turn share one read, which begins when the turn has ended. A
 * registry calls all families of a scrape in one turn: they show one moment, which is not before
 * any of the calls.
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
