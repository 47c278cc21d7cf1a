import { createDashboard } from '../dashboard/dashboard-handler.js'
import { messageOf } from '../describe.js'
import { EngineAggregator } from '../engine-aggregator.js'
import { listen } from '../server/metrics-server.js'
import type { RequestSource } from '../simulate/engine.js'
import { readTrace } from '../simulate/trace.js'
import { checkExposition, checkTallies } from './agreement.js'
import { writeFile } from './files.js'
import { publishRun } from './fleet-publication.js'
import { openLogs } from './logs.js'
import { resolveHost } from './resolve-host.js'
import { runEngines } from './run-engines.js'
import { prepareScenario } from './scenario-run.js'
import { readSecrets } from './secrets.js'
import { LOGGED_ENGINES_MAX, type SimulationOptions } from './simulation-options.js'
import { summarize } from './summary.js'
import { formatSummaries, TEXT_ENGINES_MAX } from './summary-tables.js'
import { createSyntheticEngines } from './synthetic-engines.js'
import { styleOfOutput, Terminal } from './terminal.js'
import { countOf, formatInteger } from './units.js'

/**
 * Minimum milliseconds between an engine's reports. With more than 1,000 engines it is longer, so
 * that at most one report per millisecond arrives.
 */
const INTERVAL_MS_MIN = 1_000

/**
 * Runs synthetic engines, serves their metrics during the run, and prints the result.
 *
 * @throws MoonmeterError `INVALID_OPTION`, `INVALID_TRACE`, `LISTEN_FAILED`, `FILE_FAILED`,
 * `ENGINE_FAILED`, `NATS_FAILED`
 */
export async function runSimulation(options: SimulationOptions): Promise<void> {
  const authorization = await readSecrets(options)
  const terminal = new Terminal(process.stderr)
  const { logger, logMetrics } = openLogs(terminal, {
    format: options.logFormat,
    file: options.log,
  })
  const source = await readSource(options)
  const aggregator = new EngineAggregator({
    modelName: options.model,
    intervalMs: Math.max(INTERVAL_MS_MIN, options.engines),
    ...(logMetrics !== undefined && options.engines <= LOGGED_ENGINES_MAX && { log: logMetrics }),
    onRejected: (error) => logger.warn(error.message),
  })
  const scenario = prepareScenario(options, aggregator, logger)
  const onError = (what: string) => (error: unknown) =>
    logger.error(`${what} failed: ${messageOf(error)}`)
  const dashboard = createDashboard(aggregator, {
    ...authorization,
    onError: onError('the live page'),
  })
  const server = await listen(aggregator, {
    ...(await resolveHost(options.listen)),
    ...authorization,
    onError: onError('a scrape'),
    next: dashboard.handler,
  })
  const publication = await publishRun(options, aggregator, server.url, logger).catch(
    async (error: unknown) => {
      await server.close()
      throw error
    },
  )
  try {
    const { json } = options
    // Fails before the run if the file cannot be written. The former content is kept until the end
    // of the run.
    if (json !== undefined) writeFile('--json', json, '', 'a')
    const begun = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
    const group = createSyntheticEngines(options, { source, begun, scenario }, aggregator, logger)
    const { outcomes, wallSeconds } = await runEngines({
      group,
      begun,
      duration: options.duration,
      scenario,
      aggregator,
      feed: dashboard.feed,
      engineCount: options.engines,
      terminal,
      logger,
      url: server.url,
    })
    await publication.close()
    const summaries = summarize(aggregator, json === undefined ? TEXT_ENGINES_MAX : undefined)
    const { rows } = aggregator.snapshot()
    const result = { ...summaries, wallSeconds, rows, rowsPerSecond: rows / wallSeconds }
    await aggregator.close()
    const engines = aggregator.engines.length
    const title =
      `${formatInteger(rows)} rows of ${countOf(engines, 'engine')} in ` +
      `${wallSeconds.toFixed(1)} s (${formatInteger(result.rowsPerSecond)} per second)`
    const style = styleOfOutput(process.stdout)
    process.stdout.write(formatSummaries(title, summaries, engines, style))
    if (json !== undefined) writeFile('--json', json, `${JSON.stringify(result, undefined, 2)}\n`)
    await checkExposition(summaries, aggregator.registry, engines)
    const tallies = group.talliesOf(outcomes)
    // An incarnation that failed, except by a planned crash, has no tally.
    if (group.failures > 0) return
    checkTallies(summaries, tallies)
    if (group.plannedCrashes > 0) {
      const crashed = countOf(group.plannedCrashes, 'incarnation')
      logger.info(`${crashed} crashed as planned; the counts of all incarnations agree`)
    }
  } finally {
    await publication.close()
    await server.close()
  }
}

async function readSource(options: SimulationOptions): Promise<RequestSource> {
  const { trace, seed, blockTokens, requestRate: requestsPerSecond } = options
  if (trace !== undefined) return { kind: 'trace', trace: await readTrace(trace, blockTokens) }
  return { kind: 'traffic', traffic: { seed, blockTokens, requestsPerSecond } }
}
