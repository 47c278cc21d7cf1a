import type { TestContext } from 'node:test'
import { dashboardHandler } from '../../../src/dashboard/index.js'
import { EngineAggregator } from '../../../src/index.js'
import { createRecorder } from '../../../src/recorder/index.js'
import type { AuthorizationOptions } from '../../../src/server/authorization.js'
import { listen } from '../../../src/server/metrics-server.js'
import { freePort } from './free-port.js'

const RECORD_MS = 20
const KEYS = 4
const BYTES = 1e6
const FAST_SECONDS = 0.004
const SLOW_SECONDS = 0.412

/** A server of a test, with engines that record continuously. */
export interface LiveServer {
  /** The base URL. */
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

/** Options of a server of a test. */
export interface LiveServerOptions extends AuthorizationOptions {
  readonly port?: number
  /** Number of engines; the last one is an outlier. */
  readonly engines?: number
  /** The name of its second operation. */
  readonly operation?: string
}

/** Serve the live stream of engines on this thread until the test ends. */
export async function startLiveServer(
  context: TestContext,
  { port, engines = 4, operation = 'save_put', ...authorization }: LiveServerOptions = {},
): Promise<LiveServer> {
  const aggregator = new EngineAggregator({ modelName: 'llama-3-70b' })
  const recorders = Array.from({ length: engines }, (_, index) =>
    createRecorder(aggregator.connect(index)),
  )
  const timer = setInterval(() => {
    for (const [index, recorder] of recorders.entries()) {
      const seconds = index === engines - 1 && engines > 1 ? SLOW_SECONDS : FAST_SECONDS
      recorder.record('load_get', seconds, KEYS, { numBytes: BYTES })
      recorder.record(operation, 2 * FAST_SECONDS, KEYS, { numBytes: BYTES, status: 'error' })
    }
  }, RECORD_MS)
  const server = await listen(aggregator, {
    ...authorization,
    // `freePort` returns a port that no outgoing connection uses while the server is closed.
    port: port ?? (await freePort()),
    next: dashboardHandler(aggregator, authorization),
  })
  const { url } = server
  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= end()
    return closed
  }
  const end = async () => {
    clearInterval(timer)
    for (const recorder of recorders) recorder.close()
    await server.close()
    await aggregator.close()
  }
  context.after(close)
  return { url, port: Number(new URL(url).port), close }
}
