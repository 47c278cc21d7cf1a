import { setImmediate as turn } from 'node:timers/promises'
import type { ServerResponse } from 'node:http'
import { elapsedMs } from '../elapsed.js'
import { encodeInterval } from '../live/encode-interval.js'
import type { LiveFeed, LiveUpdate } from '../live/live-feed.js'
import {
  type HistoryMessage,
  type LiveHello,
  STREAM_VERSION,
  type UpdateMessage,
} from '../live/live-message.js'
import { isHttp2, limitStreamStall, piecesFor } from '../server/http2-progress.js'
import { writePiece } from '../server/write-piece.js'

/** The id of an update: that of its feed, and its sequence. */
const EVENT_ID = /^(.*):(\d+)$/
/** Milliseconds of encoding of the history between two turns of the event loop. */
const WORK_MS = 2

/**
 * The encoded last update of each feed, which most streams send. Encoded updates are larger than
 * updates, so earlier ones are not kept.
 */
const encoded = new WeakMap<LiveFeed, { readonly update: LiveUpdate; readonly bytes: Buffer }>()

/** Options of a stream. */
export interface StreamOptions {
  /** The header `Last-Event-ID` of a reader that reconnects. */
  readonly lastEventId: string | undefined
  /** Maximum milliseconds without progress of the client. */
  readonly stallTimeoutMs: number
  /** Aborts when the response is over. */
  readonly over: AbortSignal
}

/**
 * Sends a feed as server-sent events until the feed or the connection is closed. A slow client gets
 * the updates that it missed later, from the last updates that the feed keeps. A client that missed
 * more gets the whole history again. No data is kept per client.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export async function sendFeed(
  response: ServerResponse,
  feed: LiveFeed,
  { lastEventId, stallTimeoutMs, over }: StreamOptions,
): Promise<void> {
  const write = async (event: Uint8Array | string) => {
    const bytes = typeof event === 'string' ? Buffer.from(event) : event
    for (const piece of piecesFor(response, [bytes])) {
      if (over.aborted) return
      if (writePiece(response, piece)) await drained(response, stallTimeoutMs)
    }
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
 * Send the history.
 *
 * @returns the sequence before the last update, so that the last update is sent next
 */
async function sendHistory(
  feed: LiveFeed,
  write: (text: string) => Promise<void>,
  over: AbortSignal,
): Promise<number> {
  const { latest } = feed
  // The interval of the last update is sent with that update.
  const intervals = feed.history.intervals.filter((interval) => interval !== latest?.interval)
  let endMs = elapsedMs() + WORK_MS
  for (const interval of intervals) {
    if (over.aborted) break
    const message: HistoryMessage = { interval: encodeInterval(interval) }
    await write(eventOf('history', message))
    if (elapsedMs() < endMs) continue
    await turn()
    endMs = elapsedMs() + WORK_MS
  }
  return (latest?.sequence ?? 1) - 1
}

function helloOf({ source, updateMs }: LiveFeed, isResumed: boolean): LiveHello {
  const { modelName, bounds } = source
  const version = STREAM_VERSION
  return { service: 'moonmeter', version, modelName, bounds, intervalMs: updateMs, isResumed }
}

/** Encodes an update as an event. Streams that are up to date share the bytes. */
export function encodeUpdate(feed: LiveFeed, update: LiveUpdate): Buffer {
  const known = encoded.get(feed)
  if (known?.update === update) return known.bytes
  const { sequence, interval, state } = update
  const message: UpdateMessage = { ...(interval && { interval: encodeInterval(interval) }), state }
  const bytes = Buffer.from(`id: ${feed.id}:${sequence}\n${eventOf('update', message)}`)
  encoded.set(feed, { update, bytes })
  return bytes
}

/** The sequence of a reader's last event; undefined if it is not of this feed. */
function sequenceOf(feed: LiveFeed, lastEventId = ''): number | undefined {
  const [, id, digits] = EVENT_ID.exec(lastEventId) ?? []
  if (id !== feed.id) return undefined
  const sequence = Number(digits)
  return feed.updatesAfter(sequence) === undefined ? undefined : sequence
}

function eventOf(name: string, message: object): string {
  // The text is one line: `JSON.stringify` writes no line feeds and escapes those in strings.
  return `event: ${name}\ndata: ${JSON.stringify(message)}\n\n`
}

/** Resolves at the next update of a feed, at its end, or at the end of the response. */
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

/**
 * Resolves when the client has read all written bytes. The connection of a client without progress
 * is closed; a slow client may take longer for a large event.
 */
function drained(response: ServerResponse, stallTimeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const limit = isHttp2(response) ? limitStreamStall : limitConnectionStall
    const endLimit = limit(response, stallTimeoutMs)
    const done = () => {
      response.off('drain', done).off('close', done)
      endLimit()
      resolve()
    }
    response.on('drain', done).on('close', done)
  })
}

/**
 * @returns a function that removes the limit: between two updates nothing is written, which must
 * not count as a stall
 */
function limitConnectionStall(response: ServerResponse, stallTimeoutMs: number): () => void {
  const close = () => response.destroy()
  response.on('timeout', close).setTimeout(stallTimeoutMs)
  return () => response.off('timeout', close).setTimeout(0)
}
