import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MoonmeterError } from '../errors.js'
import type { AuthorizationOptions } from './authorization.js'
import { type MetricsSource, metricsHandler } from './metrics-handler.js'

/** Milliseconds a client has for the head of a request. */
const HEADERS_TIMEOUT_MS = 5_000
/** Milliseconds a client has for a whole request. */
const REQUEST_TIMEOUT_MS = 10_000
/** Connections at a time; a scraper needs one. Further ones are closed at once. */
const CONNECTIONS_MAX = 64

/** Where to listen. */
export interface ListenAddress {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
}

/** A server of its own for the metrics, as the command has it. */
export interface MetricsServer {
  /** Where it can be reached, without a path. */
  readonly url: string
  /** Stop listening and end what connections there are. */
  close(): Promise<void>
}

/**
 * Serve the metrics of a source.
 *
 * @throws MoonmeterError `LISTEN_FAILED` when the address is in use, not allowed or not this host's
 */
export async function listen(
  source: MetricsSource,
  { host, port }: ListenAddress,
  options: AuthorizationOptions = {},
): Promise<MetricsServer> {
  const timeouts = {
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: HEADERS_TIMEOUT_MS,
  }
  const server = createServer(timeouts, metricsHandler(source, options))
  server.maxConnections = CONNECTIONS_MAX
  await new Promise<void>((resolve, reject) => {
    // Stays for the life of the server: a failed accept must not take the process down.
    server.on('error', (cause: NodeJS.ErrnoException) => {
      reject(listenError(`${host}:${port}`, cause))
    })
    try {
      server.listen(port, host, resolve)
    } catch (cause) {
      // A port out of range is thrown at once.
      reject(listenError(`${host}:${port}`, cause as NodeJS.ErrnoException))
    }
  })
  const { family, address, port: taken } = server.address() as AddressInfo
  const shown = family === 'IPv6' ? `[${address}]` : address
  return { url: `http://${shown}:${taken}`, close: () => close(server) }
}

function listenError(address: string, cause: NodeJS.ErrnoException): MoonmeterError {
  const got = cause.code === 'EADDRINUSE' ? 'one that is in use' : cause.message
  return new MoonmeterError(
    'LISTEN_FAILED',
    `listen ${address}: expected a free address of this host, got ${got}; ` +
      'choose another port (0 takes a free one)',
    { cause },
  )
}

async function close(server: Server): Promise<void> {
  await new Promise((resolve) => {
    server.close(resolve)
    server.closeAllConnections()
  })
}
