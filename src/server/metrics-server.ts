import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { MoonmeterError } from '../errors.js'
import { askWhenRead } from './expect-continue.js'
import { limitConnections } from './limit-connections.js'
import { type ListenOptions, readListenOptions } from './listen-options.js'
import { metricsHandler } from './metrics-handler.js'
import type { MetricsSource } from './metrics-handler-options.js'

/** An HTTP server that serves only the metrics of a source. */
export interface MetricsServer {
  /** The base URL, without a path. */
  readonly url: string
  /** Stops listening and closes all connections. */
  close(): Promise<void>
}

/**
 * Starts an HTTP server for the metrics of a source, for programs that have none: `metricsHandler`
 * with limits on connections and on the time that requests take.
 *
 * @param options default `{}`: port 9464 of 127.0.0.1
 * @throws MoonmeterError `LISTEN_FAILED` when the address is in use, not permitted or not of this
 * host; `INVALID_OPTION` for an unknown option or one out of range, and as `metricsHandler` does
 */
export async function listen(
  source: MetricsSource,
  options: ListenOptions = {},
): Promise<MetricsServer> {
  const settings = readListenOptions(options)
  const { host, port, connectionsMax, next, handlerOptions, ...timeouts } = settings
  const { headersTimeoutMs, requestTimeoutMs } = timeouts
  // Loaded on demand: `node:http` also loads Node's HTTP client, which takes long and needs
  // WebAssembly. Programs with their own server do not need it.
  const { createServer } = await import('node:http')
  const handler = metricsHandler(source, handlerOptions)
  const server = createServer(
    {
      // Node rejects a longer time-out for the headers than for the whole request.
      headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(headersTimeoutMs, requestTimeoutMs),
    },
    next === undefined
      ? handler
      : (request, response) =>
          handler(request, response, () => {
            uncount(request, response)
            next(request, response)
          }),
  )
  const uncount = limitConnections(server, connectionsMax)
  askWhenRead(server)
  try {
    await once(server.listen(port, host), 'listening')
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    throw new MoonmeterError(
      'LISTEN_FAILED',
      `listen ${host}:${port}: expected a free address of this host, ` +
        `got ${code === 'EADDRINUSE' ? 'one that is in use' : message}; ` +
        'choose another port (0 chooses a free one)',
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
