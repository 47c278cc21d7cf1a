import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MoonmeterError } from '../errors.js'
import { limitConnections } from './limit-connections.js'
import { metricsHandler } from './metrics-handler.js'
import type { MetricsHandlerOptions, MetricsSource } from './metrics-handler-options.js'

const HEADERS_TIMEOUT_MS = 5_000
const REQUEST_TIMEOUT_MS = 10_000
/** Open connections; a scraper needs one. */
const CONNECTIONS_MAX = 64

/** The address that a server listens on. */
export interface ListenAddress {
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
}

/** An HTTP server that serves only the metrics. */
export interface MetricsServer {
  /** The base URL, without a path. */
  readonly url: string
  /** Stops listening and closes all connections. */
  close(): Promise<void>
}

/**
 * Starts an HTTP server for the metrics of a source.
 *
 * @throws MoonmeterError `LISTEN_FAILED` when the address is in use, not permitted, out of range or
 * not of this host; and the errors of `metricsHandler`
 */
export async function listen(
  source: MetricsSource,
  { host, port }: ListenAddress,
  options: MetricsHandlerOptions = {},
): Promise<MetricsServer> {
  const timeouts = {
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: HEADERS_TIMEOUT_MS,
  }
  const server = createServer(timeouts, metricsHandler(source, options))
  limitConnections(server, CONNECTIONS_MAX)
  try {
    await once(server.listen(port, host), 'listening')
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    throw new MoonmeterError(
      'LISTEN_FAILED',
      `listen ${host}:${port}: expected a free address of this host, ` +
        `got ${code === 'EADDRINUSE' ? 'one that is in use' : message}; ` +
        'choose another port (0 takes a free one)',
      { cause },
    )
  }
  // Without a listener, a failed accept would end the process.
  server.on('error', () => {})
  const { family, address, port: boundPort } = server.address() as AddressInfo
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${boundPort}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
