import { writeFileSync } from 'node:fs'
import type { Logger } from 'pino'
import type { SyntheticTask } from '../../workers/engine.js'
import { EngineAggregator } from '../aggregator/engine-aggregator.js'
import { MoonmeterError } from '../errors.js'
import type { EngineOutcome } from '../pool/engine-outcome.js'
import { EnginePool } from '../pool/engine-pool.js'
import type { AuthorizationOptions } from '../server/authorization.js'
import { type ListenAddress, listen } from '../server/metrics-server.js'
import { SharedBlockStore } from '../simulate/block-store.js'
import type { RequestSource } from '../simulate/engine.js'
import type { LatencyOptions } from '../simulate/latency.js'
import { readTrace } from '../simulate/trace.js'
import { checkAgreement } from './agreement.js'
import { countOf, formatInteger } from './format.js'
import { createLogger, type LogFormat } from './logger.js'
import { stopOnSignals } from './signals.js'
import { simulationReport, simulationResult } from './simulation-result.js'
import { Terminal } from './terminal.js'

/** Blocks the store holds under made-up traffic, which never ends: 4 MiB of slots. */
const TRAFFIC_STORE_BLOCKS = 2 ** 20
const MS_PER_SECOND = 1e3
const STATUS_TERMINAL_MS = 500
const STATUS_LINES_MS = 10_000
const ENGINE_FILE = new URL('../../workers/engine.js', import.meta.url)

/** What `moonmeter simulate` is asked to do. */
export interface SimulationSettings {
  readonly engines: number
  /** Made-up traffic where undefined. */
  readonly tracePath: string | undefined
  readonly speed: number | 'max'
  readonly durationSeconds: number
  readonly seed: number
  readonly modelName: string
  readonly blockTokens: number
  readonly bytesPerBlock: number
  readonly requestsPerSecond: number | undefined
  readonly latency: LatencyOptions
  readonly listen: ListenAddress
  readonly authorization: AuthorizationOptions
  readonly jsonPath: string | undefined
  readonly logFormat: LogFormat
}

/**
 * Run synthetic engines, serve their metrics meanwhile, and print what they did.
 *
 * @throws MoonmeterError `INVALID_TRACE`, `LISTEN_FAILED`, `FILE_FAILED`, `ENGINE_FAILED`
 */
export async function runSimulation(settings: SimulationSettings): Promise<void> {
  const terminal = new Terminal(process.stderr)
  const logger = createLogger(terminal, settings.logFormat)
  const source = await readSource(settings)
  const aggregator = new EngineAggregator({
    modelName: settings.modelName,
    log: (line) => logger.info(line),
    onRejected: (error) => logger.warn(error.message),
  })
  const server = await listen(aggregator, settings.listen, settings.authorization)
  try {
    // Found out now rather than at the end; what a file holds stays until there is more to say.
    if (settings.jsonPath !== undefined) writeFile(settings.jsonPath, '', 'a')
    const pool = createPool(settings, source, aggregator, logger)
    let restarts = 0
    pool.on('restart', () => restarts++)
    const { outcomes, wallSeconds } = await runPool(pool, aggregator, terminal, logger, server.url)
    const result = simulationResult(aggregator, wallSeconds)
    const scraped = await aggregator.registry.metrics()
    await aggregator.close()
    process.stdout.write(simulationReport(result))
    if (settings.jsonPath !== undefined) {
      writeFile(settings.jsonPath, `${JSON.stringify(result, undefined, 2)}\n`)
    }
    checkAgreement(outcomes, restarts, result, scraped)
  } finally {
    await server.close()
  }
}

async function readSource(settings: SimulationSettings): Promise<RequestSource> {
  const { tracePath, blockTokens, requestsPerSecond, seed } = settings
  if (tracePath !== undefined) {
    return { kind: 'trace', trace: await readTrace(tracePath, { blockTokens }) }
  }
  const rate = requestsPerSecond === undefined ? {} : { requestsPerSecond }
  return { kind: 'traffic', seed, options: { blockTokens, ...rate } }
}

function createPool(
  settings: SimulationSettings,
  source: RequestSource,
  aggregator: EngineAggregator,
  logger: Logger,
): EnginePool {
  const blocks = source.kind === 'trace' ? source.trace.blockCount : TRAFFIC_STORE_BLOCKS
  const { engines, seed, latency, bytesPerBlock, speed, durationSeconds } = settings
  const task: SyntheticTask = {
    engines,
    source,
    storeBuffer: SharedBlockStore.create(Math.max(1, blocks)).buffer,
    seed,
    latency,
    bytesPerBlock,
    speed,
    durationSeconds,
  }
  const pool = new EnginePool({ aggregator, filename: ENGINE_FILE, engines, task: () => task })
  pool.on('exit', ({ error }) => logger.error(error.message))
  pool.on('restart', ({ engine, delayMs }) =>
    logger.info(`engine ${engine}: restarted after ${Math.round(delayMs)} ms`),
  )
  pool.on('threadError', (error) => logger.error(error.message))
  return pool
}

/** Run the pool to its end, or to its stop by a signal, with a status meanwhile. */
async function runPool(
  pool: EnginePool,
  aggregator: EngineAggregator,
  terminal: Terminal,
  logger: Logger,
  url: string,
): Promise<{ outcomes: EngineOutcome[]; wallSeconds: number }> {
  const startMs = performance.now()
  const elapsedSeconds = () => (performance.now() - startMs) / MS_PER_SECOND
  const status = setInterval(
    () => terminal.status(statusLine(aggregator, elapsedSeconds())),
    terminal.interactive ? STATUS_TERMINAL_MS : STATUS_LINES_MS,
  )
  const restoreSignals = stopOnSignals((signal) => {
    logger.info(`${signal}: stopping; once more ends at once`)
    // How it ends is seen where the pool is run.
    pool.stop().catch(() => {})
  })
  try {
    // Whoever reads this may send a signal at once.
    logger.info(`serving ${url}/metrics`)
    const outcomes = await pool.run()
    const wallSeconds = elapsedSeconds()
    await pool.stop()
    return { outcomes, wallSeconds }
  } finally {
    restoreSignals()
    clearInterval(status)
    terminal.status('')
  }
}

function statusLine(aggregator: EngineAggregator, seconds: number): string {
  const { rows } = aggregator.stats()
  const rate = formatInteger(rows / seconds)
  const engines = countOf(aggregator.engines.length, 'engine')
  return `${seconds.toFixed(1)} s  ${engines}  ${formatInteger(rows)} rows (${rate} a second)`
}

function writeFile(path: string, text: string, flag: 'a' | 'w' = 'w'): void {
  try {
    writeFileSync(path, text, { flag })
  } catch (cause) {
    const { message } = cause as Error
    throw new MoonmeterError(
      'FILE_FAILED',
      `--json: expected a file that can be written, got ${message}`,
      { cause },
    )
  }
}
