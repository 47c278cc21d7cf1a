import { type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http'
import type { TestContext } from 'node:test'
import { createParser } from 'eventsource-parser'
import { waitUntil } from './wait-until.js'

/** A received event. */
export interface SentEvent {
  readonly name: string | undefined
  readonly id: string | undefined
  readonly message: Record<string, unknown>
}

/** A stream of server-sent events that a test reads. */
export class EventStream {
  readonly response: IncomingMessage
  readonly events: SentEvent[] = []
  #isOver = false

  constructor(response: IncomingMessage) {
    this.response = response
    const parser = createParser({
      onEvent: ({ event, id, data }) =>
        this.events.push({ name: event, id, message: JSON.parse(data) }),
    })
    response.setEncoding('utf8')
    response.on('data', (text: string) => parser.feed(text))
    response.on('error', () => {})
    response.on('close', () => {
      this.#isOver = true
    })
  }

  /** The names of the events so far. */
  get names(): (string | undefined)[] {
    return this.events.map(({ name }) => name)
  }

  /** The sequences of the updates so far. */
  get sequences(): number[] {
    return this.events
      .filter(({ name }) => name === 'update')
      .map(({ id = '' }) => Number(id.slice(id.lastIndexOf(':') + 1)))
  }

  /** Resolves when the given number of events was received. */
  async waitFor(count: number): Promise<readonly SentEvent[]> {
    await waitUntil(`${count} events`, () => this.events.length >= count)
    return this.events
  }

  /** Resolves when the connection is closed, or the stream has ended. */
  async waitForEnd(): Promise<void> {
    await waitUntil('the end of the stream', () => this.#isOver)
  }

  close(): void {
    this.response.destroy()
  }
}

/** Opens a stream on a new connection. */
export function openStream(
  context: Pick<TestContext, 'after'>,
  url: string,
  headers: OutgoingHttpHeaders = {},
): Promise<EventStream> {
  return new Promise((resolve, reject) => {
    const sending = request(url, { headers, agent: false }, (response) => {
      resolve(new EventStream(response))
    })
    sending.on('error', reject)
    sending.end()
    context.after(() => sending.destroy())
  })
}
