import { setImmediate as turn } from 'node:timers/promises'
import type { ServerResponse } from 'node:http'
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
/** Milliseconds of work after which the event loop turns while history is encoded. */
const WORK_MS = 2

/**
 * The bytes of the update that each feed sent last, which most streams send. Those of all that a feed
 * keeps would take more memory than the updates.
 */
const encoded = new WeakMap<LiveFeed, { readonly update: LiveUpdate; readonly bytes: Buffer }>()

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

/** An update as the event that is sent; streams that are up to date share its bytes. */
export function encodeUpdate(feed: LiveFeed, update: LiveUpdate): Buffer {
  const known = encoded.get(feed)
  if (known?.update === update) return known.bytes
  const { sequence, interval, state } = update
  const message: UpdateMessage = { ...(interval && { interval: encodeInterval(interval) }), state }
  const bytes = Buffer.from(`id: ${feed.id}:${sequence}\n${eventOf('update', message)}`)
  encoded.set(feed, { update, bytes })
  return bytes
}

/** The sequence that a reader has; undefined for one that has none of this feed. */
function sequenceOf(feed: LiveFeed, lastEventId = ''): number | undefined {
  const [, id, digits] = EVENT_ID.exec(lastEventId) ?? []
  if (id !== feed.id) return undefined
  const sequence = Number(digits)
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

/**
 * Resolves when the client has read what was written. The connection of a client that reads nothing is
 * closed; one that reads slowly may take longer for a large event, since progress counts.
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

/** @returns ends the limit: between two updates nothing is written, which is no stall */
function limitConnectionStall(response: ServerResponse, stallTimeoutMs: number): () => void {
  const close = () => response.destroy()
  response.on('timeout', close).setTimeout(stallTimeoutMs)
  return () => response.off('timeout', close).setTimeout(0)
}
