import { createParser } from 'eventsource-parser'
import { BinLayout } from '../stats/bin-layout.js'
import { LiveHistory } from './live-history.js'
import type { LiveHello, LiveState } from './live-message.js'
import { mergeIntervals } from './merge-intervals.js'
import { readEvent, StreamError } from './read-message.js'

/** Milliseconds before the first attempt to reconnect; doubled after each failure. */
const RETRY_MS_MIN = 500
const RETRY_MS_MAX = 10_000
/** A connection counts as lost after this many update intervals without an event. */
const SILENT_UPDATES = 10
const SILENT_MS_MIN = 5_000
/** Maximum characters of one event: enough for 4,096 engines with all their series. */
const EVENT_CHARACTERS_MAX = 2 ** 26
const EVENT_STREAM = 'text/event-stream'

/** The state of a client's connection. */
export type Connection =
  | { readonly state: 'connecting' }
  /** The client receives updates. */
  | { readonly state: 'live' }
  /** The connection failed. The client reconnects at `retryAtMs` of the monotonic clock. */
  | {
      readonly state: 'lost'
      readonly reason: string
      readonly retryAtMs: number
      /** The status of a response without a stream, 500 to 599; undefined without a response. */
      readonly status?: number
    }
  /** The server requires credentials, or rejected those that were sent. */
  | { readonly state: 'unauthorized'; readonly challenge: string }
  /** The server does not have this stream. The client retries, since a server may be replaced. */
  | { readonly state: 'refused'; readonly reason: string; readonly retryAtMs: number }

/** Options of a `LiveClient`. */
export interface LiveClientOptions {
  /** The address of the stream. */
  readonly url: string
  /** The value of the header `Authorization`; undefined for none. */
  readonly authorization?: string | undefined
  /** Called after each update and each change of the connection's state. */
  readonly onChange: () => void
  readonly fetch?: typeof fetch
}

/**
 * Reads the stream of a server, and reconnects when the connection is lost. It uses `fetch`,
 * because `EventSource` cannot send `Authorization` and is not a global of Node 20 to 24.
 */
export class LiveClient {
  readonly #options: LiveClientOptions
  #authorization: string | undefined
  #connection: Connection = { state: 'connecting' }
  #hello: LiveHello | undefined
  #state: LiveState | undefined
  #history = emptyHistory([])
  #lastUpdateAtMs: number | undefined
  #lastEventId = ''
  /** Whether this connection has received the event `hello`. */
  #isGreeted = false
  #retryMs = RETRY_MS_MIN
  #retryTimer: ReturnType<typeof setTimeout> | undefined
  #abort: AbortController | undefined

  constructor(options: LiveClientOptions) {
    this.#options = options
    this.#authorization = options.authorization
  }

  get connection(): Connection {
    return this.#connection
  }

  /** The last event `hello` of the server; undefined before the first. */
  get hello(): LiveHello | undefined {
    return this.#hello
  }

  /** The engines at the last update. */
  get state(): LiveState | undefined {
    return this.#state
  }

  get history(): LiveHistory {
    return this.#history
  }

  /** The time of the last update on the clock `performance.now`; undefined before the first. */
  get lastUpdateAtMs(): number | undefined {
    return this.#lastUpdateAtMs
  }

  /** Connect now, without waiting for the next attempt. */
  connect(authorization = this.#authorization): void {
    this.#authorization = authorization
    this.close()
    this.#abort = new AbortController()
    void this.#read(this.#abort)
  }

  /** Close the connection and do not reconnect. */
  close(): void {
    clearTimeout(this.#retryTimer)
    this.#abort?.abort()
    this.#abort = undefined
  }

  async #read(abort: AbortController): Promise<void> {
    this.#isGreeted = false
    this.#change({ state: 'connecting' })
    const silence = new Silence(abort)
    try {
      silence.wait(SILENT_MS_MIN)
      const response = await this.#request(abort.signal)
      if (abort !== this.#abort) return
      if (typeof response === 'string') {
        this.#change({ state: 'unauthorized', challenge: response })
        return
      }
      await this.#readEvents(response, abort, silence)
      throw new Error('the server ended the connection')
    } catch (error) {
      if (abort !== this.#abort) return
      abort.abort()
      const state = error instanceof StreamError ? 'refused' : 'lost'
      const status = error instanceof StatusError ? { status: error.status } : {}
      this.#retry({ state, reason: reasonOf(error), ...status })
    } finally {
      silence.end()
    }
  }

  /** The response with the stream, or the challenge of a server that requires credentials. */
  async #request(signal: AbortSignal): Promise<Response | string> {
    const headers: Record<string, string> = { Accept: EVENT_STREAM }
    if (this.#authorization !== undefined) headers.Authorization = this.#authorization
    if (this.#lastEventId !== '') headers['Last-Event-ID'] = this.#lastEventId
    const { url, fetch: fetchUrl = fetch } = this.#options
    const response = await fetchUrl(url, { headers, signal })
    if (response.ok && response.headers.get('Content-Type')?.startsWith(EVENT_STREAM)) {
      return response
    }
    await response.body?.cancel()
    if (response.status === 401) return response.headers.get('WWW-Authenticate') ?? ''
    if (response.status >= 500) throw new StatusError(response.status)
    throw new StreamError(
      `expected the stream of a moonmeter server, got status ${response.status} and ` +
        `${response.headers.get('Content-Type') ?? 'no content'}`,
    )
  }

  async #readEvents(response: Response, abort: AbortController, silence: Silence): Promise<void> {
    const parser = createParser({
      // `onChange` may close this client between two events of one chunk.
      onEvent: ({ event, data, id }) => abort === this.#abort && this.#take(event, data, id),
      onError: ({ type }) => {
        if (type === 'max-buffer-size-exceeded') {
          throw new StreamError(`expected events of ${EVENT_CHARACTERS_MAX} characters at most`)
        }
      },
      maxBufferSize: EVENT_CHARACTERS_MAX,
    })
    const decoder = new TextDecoder()
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done || abort !== this.#abort) return
      parser.feed(decoder.decode(value, { stream: true }))
      silence.wait(Math.max(SILENT_MS_MIN, SILENT_UPDATES * (this.#hello?.intervalMs ?? 0)))
    }
  }

  #take(name: string | undefined, data: string, id: string | undefined): void {
    const event = readEvent(name, data)
    if (event.kind === 'hello') {
      this.#hello = event.hello
      this.#isGreeted = true
      if (!event.hello.isResumed || this.#lastEventId === '') {
        this.#history = emptyHistory(event.hello.bounds)
        this.#lastEventId = ''
      }
    }
    if (!this.#isGreeted) {
      throw new StreamError('expected the stream of a moonmeter server, got another one')
    }
    if (event.kind === 'history') this.#history.add(event.interval)
    if (event.kind !== 'update') return
    if (event.interval !== undefined) this.#history.add(event.interval)
    if (id !== undefined) this.#lastEventId = id
    this.#state = event.state
    this.#lastUpdateAtMs = performance.now()
    this.#retryMs = RETRY_MS_MIN
    this.#change({ state: 'live' })
  }

  #retry(failure: { state: 'lost' | 'refused'; reason: string; status?: number }): void {
    const retryMs = this.#retryMs
    this.#retryMs = Math.min(2 * retryMs, RETRY_MS_MAX)
    this.#retryTimer = setTimeout(() => this.connect(), retryMs)
    this.#change({ ...failure, retryAtMs: performance.now() + retryMs })
  }

  #change(connection: Connection): void {
    this.#connection = connection
    this.#options.onChange()
  }
}

function emptyHistory(bounds: readonly number[]): LiveHistory {
  const layout = BinLayout.of(bounds)
  return new LiveHistory({ merge: (intervals) => mergeIntervals(layout, intervals) })
}

/** The server answered with a status of 500 to 599. */
class StatusError extends Error {
  readonly status: number

  constructor(status: number) {
    super(`the server answered with status ${status}`)
    this.status = status
  }
}

/** Aborts a connection that receives nothing for some time. */
class Silence {
  readonly #abort: AbortController
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(abort: AbortController) {
    this.#abort = abort
  }

  /** Restart the timer: the connection is aborted after the given milliseconds. */
  wait(ms: number): void {
    clearTimeout(this.#timer)
    if (this.#abort.signal.aborted) return
    this.#timer = setTimeout(() => this.#abort.abort(new Error('the server sent nothing')), ms)
  }

  end(): void {
    clearTimeout(this.#timer)
  }
}

/** The message of the cause of an error of `fetch`, whose own message is only `fetch failed`. */
function reasonOf(error: unknown): string {
  const { message = '', cause } = (error ?? {}) as { message?: string; cause?: unknown }
  const { message: inner } = (cause ?? {}) as { message?: string }
  return inner || message || String(error)
}
