import { hostname } from 'node:os'
import type { Logger } from 'pino'
import type { EngineAggregator } from '../engine-aggregator.js'
import { MoonmeterError } from '../errors.js'
import { connectionLog } from './connection-log.js'
import { loadNats, natsOptionsOf } from './fleet-options.js'
import { reachableUrl } from './reachable-url.js'
import type { SimulationOptions } from './simulation-options.js'

/** The publication of a run to a fleet. */
export interface FleetPublication {
  /**
   * Publishes a last time, and logs a warning if it is not acknowledged. Further calls do nothing.
   */
  close(): Promise<void>
}

/**
 * Publishes the stats of an aggregator and the address of its metrics, if the options contain a
 * NATS server.
 *
 * @param servedUrl the URL of the server of this process
 * @param logger gets the loss and the return of the connection
 * @throws MoonmeterError `INVALID_OPTION`, `NATS_FAILED`, `FILE_FAILED`
 */
export async function publishRun(
  options: SimulationOptions,
  aggregator: EngineAggregator,
  servedUrl: string,
  logger: Logger,
): Promise<FleetPublication> {
  const { nats, instance = hostname(), metricsAddress = reachableUrl(servedUrl) } = options
  if (nats === undefined) {
    for (const name of ['instance', 'metricsAddress'] as const) {
      if (options[name] === undefined) continue
      const flag = name === 'instance' ? '--instance' : '--metrics-address'
      throw new MoonmeterError('INVALID_OPTION', `${flag}: expected --nats, too, got none`)
    }
    return { close: async () => {} }
  }
  const { natsSink } = await loadNats()
  const sink = await natsSink({
    ...(await natsOptionsOf({ ...options, nats })),
    instance,
    metricsAddress,
    onConnection: connectionLog(logger, {
      name: 'NATS',
      effect: 'the newest reports are sent when it is back',
    }),
  })
  sink.publish(aggregator)
  let isClosed = false
  return {
    close: async () => {
      if (isClosed) return
      isClosed = true
      if (await sink.close()) return
      const { lastError = 'no answer' } = sink.health
      logger.warn(`--nats: expected the last reports to be acknowledged, got ${lastError}`)
    },
  }
}
