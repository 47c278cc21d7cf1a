import { createDashboard } from '../dashboard/dashboard-handler.js'
import { messageOf } from '../describe.js'
import { EngineAggregator } from '../engine-aggregator.js'
import { listen } from '../server/metrics-server.js'
import { serviceDiscoveryHandler } from '../server/service-discovery-handler.js'
import { connectionLog } from './connection-log.js'
import { loadNats, natsOptionsOf } from './fleet-options.js'
import { type FleetPayloads, takePayloads } from './fleet-payloads.js'
import { openLogs } from './logs.js'
import { resolveHost } from './resolve-host.js'
import { readSecrets } from './secrets.js'
import type { ServeOptions } from './serve-command.js'
import { stopOnSignals } from './signals.js'
import { Terminal } from './terminal.js'

const MS_PER_SECOND = 1e3

/**
 * Serves the metrics of a fleet until a signal.
 *
 * @throws MoonmeterError `INVALID_OPTION`, `NATS_FAILED`, `LISTEN_FAILED`, `FILE_FAILED`
 */
export async function serveFleet(options: ServeOptions): Promise<void> {
  const authorization = await readSecrets(options)
  const { logger } = openLogs(new Terminal(process.stderr), {
    format: options.logFormat,
    file: options.log,
  })
  const { watchBucket } = await loadNats()
  const aggregator = new EngineAggregator({
    modelName: options.model,
    enginesMax: options.enginesMax,
    seriesTotalMax: options.seriesMax,
    silentAfterMs: options.silentAfter * MS_PER_SECOND,
    nativeHistograms: options.nativeHistograms === true,
    onRejected: (error) => logger.warn(error.message),
  })
  const watch = await watchBucket(aggregator, {
    ...(await natsOptionsOf(options)),
    keptEndedMs: options.keptEnded * MS_PER_SECOND,
    onConnection: connectionLog(logger, {
      name: 'NATS',
      effect: 'the fleet is shown as it was, and its engines may be up',
    }),
  })
  const onError = (what: string) => (error: unknown) =>
    logger.error(`${what} failed: ${messageOf(error)}`)
  let payloads: FleetPayloads | undefined
  try {
    payloads = await takePayloads(options, aggregator, {
      onError: onError('a payload'),
      onConnection: connectionLog(logger, {
        name: 'NATS for payloads',
        effect: 'payloads fail and can be sent again',
      }),
    })
    const { handler } = payloads
    const page = createDashboard(aggregator, {
      ...authorization,
      onError: onError('the live page'),
    })
    const discovery = serviceDiscoveryHandler(watch, authorization)
    // Listens after the bucket was read: counters of an earlier scrape would be too low.
    const server = await listen(aggregator, {
      ...(await resolveHost(options.listen)),
      ...authorization,
      onError: onError('a scrape'),
      next: (request, response) => {
        const showPage = () => page.handler(request, response)
        const discover = () => discovery(request, response, showPage)
        if (handler === undefined) discover()
        else handler(request, response, discover)
      },
    })
    logger.info(`read ${watch.health.entries} entries of the bucket`)
    const stopped = untilSignal((signal) => logger.info(`${signal}: stopping`))
    // Logged after the signal handlers are installed, since a reader of this line may send a
    // signal.
    logger.info(`serving ${server.url}/ and /metrics`)
    await stopped
    await server.close()
  } finally {
    await payloads?.close()
    await watch.close()
    await aggregator.close()
  }
}

function untilSignal(onSignal: (signal: string) => void): Promise<void> {
  return new Promise((resolve) => {
    const remove = stopOnSignals((signal) => {
      remove()
      onSignal(signal)
      resolve()
    })
  })
}
