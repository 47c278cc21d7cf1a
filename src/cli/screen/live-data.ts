import type { Connection } from '../../live/live-client.js'
import type { LiveFeed } from '../../live/live-feed.js'
import type { LiveHistory } from '../../live/live-history.js'
import type { LiveHello, LiveState } from '../../live/live-message.js'

/** The data source of a screen: a `LiveClient`, or a feed of this process. */
export interface LiveData {
  readonly connection: Connection
  /** Undefined before the first connection. */
  readonly hello: Pick<LiveHello, 'modelName' | 'bounds' | 'intervalMs'> | undefined
  readonly state: LiveState | undefined
  readonly history: Pick<LiveHistory, 'intervals'>
  /** The time of the last update, on the monotonic clock `performance.now`. */
  readonly lastUpdateAtMs: number | undefined
}

/**
 * Reads a feed of this process, in the form of a client.
 *
 * @returns the data, and a function that ends the reading
 */
export function followFeed(
  feed: LiveFeed,
  onChange: () => void,
): { readonly data: LiveData; readonly end: () => void } {
  const { modelName, bounds } = feed.source
  const data = {
    connection: { state: 'live' } as const,
    hello: { modelName, bounds, intervalMs: feed.updateMs },
    state: feed.latest?.state,
    history: feed.history,
    lastUpdateAtMs: feed.latest === undefined ? undefined : performance.now(),
  }
  const end = feed.subscribe(() => {
    data.state = feed.latest?.state
    data.lastUpdateAtMs = performance.now()
    onChange()
  })
  return { data, end }
}
