import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MoonmeterError } from '../errors.js'
import { type MetricsSource, metricsHandler } from './metrics-handler.js'

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
): Promise<MetricsServer> {
  const server = createServer(metricsHandler(source))
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(listenError(`${host}:${port}`, cause))
    })
    server.listen(port, host, resolve)
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
