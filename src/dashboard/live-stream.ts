import { setImmediate as turn } from 'node:timers/promises'
import type { ServerResponse } from 'node:http'
import { encodeInterval } from '../live/encode-interval.js'
import type { LiveFeed, LiveUpdate } from '../live/live-feed.js'
import { type HistoryMessage, type LiveHello, STREAM_VERSION } from '../live/live-message.js'

/** Milliseconds of work after which the event loop turns while history is encoded. */
const WORK_MS = 2

/** The text of each update, which all streams send. */
const encoded = new WeakMap<LiveUpdate, Buffer>()

/** What a stream needs. */
export interface StreamOptions {
  /** The header `Last-Event-ID` of a reader that comes back. */
  readonly lastEventId: string | undefined
  /** Milliseconds for which a client may read nothing. */
  readonly stallTimeoutMs: number
  /** Aborts when the response is over. */
  readonly over: AbortSignal
}

/**
 * Sends a feed as server-sent events until the feed or the connection is closed. A client that reads
 * slowly gets the updates it missed when it reads again. Nothing is kept for it: the feed has the last
 * updates, and a client that missed more of them gets all anew.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export async function sendFeed(
  response: ServerResponse,
  feed: LiveFeed,
  { lastEventId, stallTimeoutMs, over }: StreamOptions,
): Promise<void> {
  const write = async (bytes: Uint8Array | string) => {
    if (!response.write(bytes) && !over.aborted) await drained(response, stallTimeoutMs)
  }
  let sequence = sequenceOf(feed, lastEventId)
  await write(eventOf('hello', helloOf(feed, sequence !== undefined)))
  while (!over.aborted) {
    if (sequence === undefined) sequence = await sendHistory(feed, write, over)
    const updates = feed.updatesAfter(sequence)
    if (updates === undefined) {
      sequence = undefined
      await write(eventOf('hello', helloOf(feed, false)))
    } else if (updates.length === 0) {
      if (feed.isClosed) break
      await changed(feed, over)
    } else {
      for (const update of updates) {
        if (over.aborted) return
        await write(encodeUpdate(feed, update))
        sequence = update.sequence
      }
    }
  }
  if (!over.aborted) response.end()
}

/**
 * Send all intervals before now.
 *
 * @returns the sequence of the update before the last one, which is sent next for its state
 */
async function sendHistory(
  feed: LiveFeed,
  write: (text: string) => Promise<void>,
  over: AbortSignal,
): Promise<number> {
  const { latest } = feed
  // The interval of the last update comes with it.
  const intervals = feed.history.intervals.filter((interval) => interval !== latest?.interval)
  let endMs = performance.now() + WORK_MS
  for (const interval of intervals) {
    if (over.aborted) break
    const message: HistoryMessage = { interval: encodeInterval(interval) }
    await write(eventOf('history', message))
    if (performance.now() < endMs) continue
    await turn()
    endMs = performance.now() + WORK_MS
  }
  return (latest?.sequence ?? 1) - 1
}

function helloOf({ source, updateMs }: LiveFeed, isResumed: boolean): LiveHello {
  const { modelName, bounds } = source
  const version = STREAM_VERSION
  return { service: 'moonmeter', version, modelName, bounds, intervalMs: updateMs, isResumed }
}

/** An update as the event that is sent, made once for all streams. */
export function encodeUpdate(feed: LiveFeed, update: LiveUpdate): Buffer {
  const known = encoded.get(update)
  if (known !== undefined) return known
  const { sequence, interval, state } = update
  const message = { ...(interval && { interval: encodeInterval(interval) }), state }
  const bytes = Buffer.from(`id: ${feed.id}:${sequence}\n${eventOf('update', message)}`)
  encoded.set(update, bytes)
  return bytes
}

/** The sequence that a reader has; undefined for one that has none of this feed. */
function sequenceOf(feed: LiveFeed, lastEventId = ''): number | undefined {
  const colon = lastEventId.lastIndexOf(':')
  if (lastEventId.slice(0, colon) !== feed.id) return undefined
  const sequence = Number(lastEventId.slice(colon + 1))
  return feed.updatesAfter(sequence) === undefined ? undefined : sequence
}

function eventOf(name: string, message: object): string {
  // JSON has no line feeds outside of strings, and escapes those inside.
  return `event: ${name}\ndata: ${JSON.stringify(message)}\n\n`
}

/** Resolves at the next update of a feed, or at its end, or that of the response. */
function changed(feed: LiveFeed, over: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      unsubscribe()
      over.removeEventListener('abort', done)
      resolve()
    }
    const unsubscribe = feed.subscribe(done)
    over.addEventListener('abort', done)
  })
}

/** Resolves when the client has read what was written; closes the connection of one that does not. */
function drained(response: ServerResponse, stallTimeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => response.destroy(), stallTimeoutMs)
    const done = () => {
      clearTimeout(timer)
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.on('drain', done).on('close', done)
  })
}
