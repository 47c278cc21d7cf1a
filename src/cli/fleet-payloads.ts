import type { EngineAggregator } from '../engine-aggregator.js'
import { payloadsHandler } from '../payloads/payloads-handler.js'
import type { MetricsHandler } from '../server/metrics-handler.js'
import { loadNats, natsOptionsOf } from './fleet-options.js'
import { readToken } from './secrets.js'
import type { ServeOptions } from './serve-command.js'

/** How a served fleet takes payloads of vLLM. */
export interface FleetPayloads {
  /** Takes those of HTTP; undefined where the options do not ask for it. */
  readonly handler: MetricsHandler | undefined
  /** Wait for those that are on their way, and end the connection. */
  close(): Promise<void>
}

/**
 * Takes payloads by HTTP and NATS, as the options ask for.
 *
 * @param onError called with what made a request fail
 * @throws MoonmeterError `INVALID_OPTION`, `NATS_FAILED`, `FILE_FAILED`
 */
export async function takePayloads(
  options: ServeOptions,
  aggregator: EngineAggregator,
  onError: (error: unknown) => void,
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
  const receiver = await receivePayloads(aggregator, { ...(await natsOptionsOf(options)), subject })
  const close = () => receiver.close()
  if (bearerToken === undefined) return { handler: undefined, close }
  try {
    return { handler: payloadsHandler(receiver, { bearerToken, onError }), close }
  } catch (error) {
    await close()
    throw error
  }
}
