import { createServer, type Server, type ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'
import { handlerOf } from '../../../src/dashboard/dashboard-handler.js'
import {
  type DashboardOptions,
  readDashboardOptions,
} from '../../../src/dashboard/dashboard-options.js'
import { type AnyEngineAggregator, liveSourceOf } from '../../../src/engine-aggregator.js'
import { type AggregatorOptions, EngineAggregator } from '../../../src/index.js'
import { LiveFeed } from '../../../src/live/live-feed.js'
import type { LiveSource } from '../../../src/live/live-source.js'
import { Authorization } from '../../../src/server/authorization.js'
import type { Snapshot } from '../../../src/snapshot/snapshot.js'
import { freePort } from '../processes/free-port.js'
import { type FillOptions, Traffic } from './traffic.js'

const UPDATE_MS = 200
/** Milliseconds between two reports of an engine. */
const REPORT_MS = 100
/**
 * Longer than any test, so that a report that is late on a busy machine does not make an engine
 * down.
 */
const NEVER_MS = 2 ** 30

/** A server, and engines on this thread that record until they are stopped. */
export interface Served {
  readonly server: PageServer
  readonly traffic: Traffic
}

/** An aggregator for a page, whose engines are up from their first report until they end. */
export function pageAggregator(options: AggregatorOptions = {}): EngineAggregator {
  return new EngineAggregator({ intervalMs: REPORT_MS, silentAfterMs: NEVER_MS, ...options })
}

/** Serves the page of an aggregator until the test ends. */
export async function pageServer(
  context: TestContext,
  aggregator: EngineAggregator,
  served: ServedOptions,
): Promise<Served> {
  const { engines, slow, failures, fill } = served
  const server = new PageServer(aggregator, served)
  const traffic = new Traffic(aggregator, engines, slow, failures)
  context.after(async () => {
    traffic.close()
    server.feed.close()
    await server.stop()
    await aggregator.close()
  })
  if (fill !== undefined) traffic.fill(server.feed, fill)
  traffic.start()
  await server.start()
  return { server, traffic }
}

/** Options of a server of a test. */
export interface ServedOptions {
  readonly engines: number
  /** Per engine, the factor of the durations of its calls. */
  readonly slow?: ReadonlyMap<number, number>
  /** One of this many calls fails; `Infinity` for none. */
  readonly failures?: number
  readonly fill?: FillOptions
  readonly options?: DashboardOptions
  /** The port; default a free one. */
  readonly port?: number
  /** Milliseconds between two updates; default some per second, so that tests wait less. */
  readonly updateMs?: number
  /** Answers requests in place of the stream. */
  readonly stream?: (response: ServerResponse) => void
}

/** A server of the page, with the snapshots that its feed has taken. */
export class PageServer {
  readonly feed: LiveFeed
  /** The last snapshots, the newest last. */
  readonly snapshots: Snapshot[] = []
  readonly #aggregator: AnyEngineAggregator
  readonly #options: DashboardOptions
  #server: Server | undefined
  #held: Promise<void> | undefined
  #port: number
  /** Answers requests in place of the stream. */
  answerStream: ((response: ServerResponse) => void) | undefined
  /** The URL of the page; empty before the server listens. */
  url = ''

  constructor(
    aggregator: AnyEngineAggregator,
    { options = {}, port = 0, updateMs = UPDATE_MS, stream }: Partial<ServedOptions> = {},
  ) {
    this.answerStream = stream
    this.#port = port
    this.#aggregator = aggregator
    this.#options = options
    const source = liveSourceOf(aggregator)
    const held: LiveSource = {
      modelName: source.modelName,
      bounds: source.bounds,
      get isClosed() {
        return source.isClosed
      },
      snapshot: async () => {
        await this.#held
        const snapshot = await source.snapshot()
        this.snapshots.push(snapshot)
        return snapshot
      },
    }
    this.feed = new LiveFeed(held, { updateMs })
  }

  /** Listen on a free port, or on the former port after a stop; returns the URL of the page. */
  async start(): Promise<string> {
    const settings = readDashboardOptions('PageServer', this.#aggregator, this.#options)
    const handler = handlerOf(this.feed, settings, new Authorization(this.#options))
    const server = createServer((request, response) => {
      if (this.answerStream !== undefined && request.url?.endsWith('/live')) {
        this.answerStream(response)
      } else handler(request, response)
    })
    this.#server = server
    // `freePort` returns a port that no outgoing connection uses while the server is stopped.
    if (this.#port === 0) this.#port = await freePort()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(this.#port, '127.0.0.1', resolve)
    })
    this.url = `http://127.0.0.1:${this.#port}${settings.pagePath}/`
    return this.url
  }

  get port(): number {
    return this.#port
  }

  /** Take no further snapshots, as in a process that hangs. */
  holdUpdates(): void {
    this.#held = new Promise(() => {})
  }

  /** Close all connections, and stop listening. */
  async stop(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    await new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  }
}
