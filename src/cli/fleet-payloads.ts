import type { EngineAggregator } from '../engine-aggregator.js'
import type { NatsConnectionChange } from '../nats/connection-changes.js'
import { payloadsHandler } from '../payloads/payloads-handler.js'
import type { MetricsHandler } from '../server/metrics-handler.js'
import { loadNats, natsOptionsOf } from './fleet-options.js'
import { readToken } from './secrets.js'
import type { ServeOptions } from './serve-command.js'

/** The receivers of vLLM's payloads of a served fleet. */
export interface FleetPayloads {
  /** The handler for HTTP; undefined if the options do not enable it. */
  readonly handler: MetricsHandler | undefined
  /** Waits for pending payloads, and closes the connection. */
  close(): Promise<void>
}

/**
 * Receives payloads over HTTP and NATS, if the options enable them.
 *
 * @param callbacks `onError` is called with the error of a failed request, and `onConnection` with each
 * change of the connection
 * @throws MoonmeterError `INVALID_OPTION`, `NATS_FAILED`, `FILE_FAILED`
 */
export async function takePayloads(
  options: ServeOptions,
  aggregator: EngineAggregator,
  callbacks: {
    readonly onError: (error: unknown) => void
    readonly onConnection: (change: NatsConnectionChange) => void
  },
): Promise<FleetPayloads> {
  const { payloadsTokenFile, payloadsSubject: subject } = options
  if (payloadsTokenFile === undefined && subject === undefined) {
    return { handler: undefined, close: async () => {} }
  }
  const bearerToken =
    payloadsTokenFile === undefined
      ? undefined
      : await readToken('--payloads-token-file', payloadsTokenFile)
  const { receivePayloads } = await loadNats()
  const { onError, onConnection } = callbacks
  const receiver = await receivePayloads(aggregator, {
    ...(await natsOptionsOf(options)),
    subject,
    onConnection,
  })
  const close = () => receiver.close()
  if (bearerToken === undefined) return { handler: undefined, close }
  try {
    return { handler: payloadsHandler(receiver, { bearerToken, onError }), close }
  } catch (error) {
    await close()
    throw error
  }
}
