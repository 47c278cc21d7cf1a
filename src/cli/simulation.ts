import type { Logger } from 'pino'
import type { SyntheticTask } from '../../workers/engine.js'
import { EngineAggregator } from '../engine-aggregator.js'
import { MoonmeterError } from '../errors.js'
import type { EngineOutcome } from '../pool/engine-outcome.js'
import { EnginePool } from '../pool/engine-pool.js'
import type { AuthorizationOptions } from '../server/authorization.js'
import { type ListenAddress, listen } from '../server/metrics-server.js'
import { SharedBlockStore } from '../simulate/block-store.js'
import type { RequestSource } from '../simulate/engine.js'
import type { Tally } from '../simulate/store-call.js'
import { readTrace } from '../simulate/trace.js'
import { checkExposition, checkTallies } from './agreement.js'
import { readFile, writeFile } from './files.js'
import { countOf, formatInteger } from './format.js'
import { stopOnSignals } from './signals.js'
import { formatSummaries, summarize } from './summary.js'
import { createLogger, type LogFormat, Terminal } from './terminal.js'

/** Default error rate of generated traffic. */
export const TRAFFIC_ERROR_RATE = 0.01

/** Capacity of the store for generated traffic, which never ends: 4 MiB of slots. */
const TRAFFIC_STORE_BLOCKS = 2 ** 20
/** KV-cache bytes of a token in bf16: 2 (key and value) · layers · KV heads · head size · 2. */
const LLAMA_3_70B_TOKEN_BYTES = 2 * 80 * 8 * 128 * 2
const TOKEN_BYTES = new Map([
  ['llama-3-70b', LLAMA_3_70B_TOKEN_BYTES],
  ['qwen3-8b', 2 * 36 * 8 * 128 * 2],
  ['llama-3.1-8b', 2 * 32 * 8 * 128 * 2],
])
const MS_PER_SECOND = 1e3
const STATUS_TERMINAL_MS = 500
const STATUS_LINES_MS = 10_000
const ENGINE_FILE = new URL('../../workers/engine.js', import.meta.url)

/** The options of `moonmeter simulate`, as commander parses them. */
export interface SimulationOptions {
  readonly engines: number
  readonly trace?: string
  readonly speed: number | 'max'
  readonly duration: number
  readonly seed: number
  readonly model: string
  readonly blockTokens: number
  readonly bytesPerBlock?: number
  readonly requestRate: number
  readonly errorRate?: number
  readonly faultBurst: number
  readonly latencyFloor: number
  readonly bandwidth: number
  readonly latencySpread: number
  readonly listen: ListenAddress
  readonly bearerTokenFile?: string
  readonly basicAuthFile?: string
  readonly json?: string
  readonly logFormat: LogFormat
}

/**
 * Runs synthetic engines, serves their metrics during the run, and prints the result.
 *
 * @throws MoonmeterError `INVALID_OPTION`, `INVALID_TRACE`, `LISTEN_FAILED`, `FILE_FAILED`,
 * `ENGINE_FAILED`
 */
export async function runSimulation(options: SimulationOptions): Promise<void> {
  const authorization = readSecrets(options)
  const terminal = new Terminal(process.stderr)
  const logger = createLogger(terminal, options.logFormat)
  const source = await readSource(options)
  const aggregator = new EngineAggregator({
    modelName: options.model,
    log: (line) => logger.info(line),
    onRejected: (error) => logger.warn(error.message),
  })
  const server = await listen(aggregator, options.listen, authorization)
  try {
    const { json } = options
    // Fails before the run if the file cannot be written; its content is kept until the end.
    if (json !== undefined) writeFile('--json', json, '', 'a')
    const pool = createPool(options, source, aggregator, logger)
    let failures = 0
    pool.on('exit', () => failures++)
    const { outcomes, wallSeconds } = await runPool(pool, aggregator, terminal, logger, server.url)
    const { rows } = aggregator.stats()
    const summaries = summarize(aggregator)
    const result = { ...summaries, wallSeconds, rows, rowsPerSecond: rows / wallSeconds }
    const exposition = await aggregator.registry.metrics()
    await aggregator.close()
    const title =
      `${formatInteger(rows)} rows of ${countOf(aggregator.engines.length, 'engine')} in ` +
      `${wallSeconds.toFixed(1)} s (${formatInteger(result.rowsPerSecond)} per second)`
    process.stdout.write(formatSummaries(title, summaries))
    if (json !== undefined) writeFile('--json', json, `${JSON.stringify(result, undefined, 2)}\n`)
    checkExposition(summaries, exposition)
    const tallies = outcomes.map((outcome) => {
      if (outcome.state === 'failed') throw outcome.error
      return outcome.result as Tally
    })
    // An incarnation that failed returns no tally.
    if (failures === 0) checkTallies(summaries, tallies)
  } finally {
    await server.close()
  }
}

/** Reads secrets from files, since all users of a machine can read the arguments of processes. */
function readSecrets({ bearerTokenFile, basicAuthFile }: SimulationOptions): AuthorizationOptions {
  const read = (option: string, path: string | undefined) =>
    path === undefined ? undefined : readFile(option, path).toString('utf8').trim()
  const bearerToken = read('--bearer-token-file', bearerTokenFile)
  const credentials = read('--basic-auth-file', basicAuthFile)
  if (credentials === undefined) return { bearerToken }
  const colon = credentials.indexOf(':')
  if (colon < 0) {
    throw new MoonmeterError(
      'INVALID_OPTION',
      "--basic-auth-file: expected 'user:password', got a text without a colon",
    )
  }
  const username = credentials.slice(0, colon)
  return { bearerToken, basicAuth: { username, password: credentials.slice(colon + 1) } }
}

async function readSource(options: SimulationOptions): Promise<RequestSource> {
  const { trace, seed, blockTokens, requestRate: requestsPerSecond } = options
  if (trace !== undefined) return { kind: 'trace', trace: await readTrace(trace, blockTokens) }
  return { kind: 'traffic', traffic: { seed, blockTokens, requestsPerSecond } }
}

function createPool(
  options: SimulationOptions,
  source: RequestSource,
  aggregator: EngineAggregator,
  logger: Logger,
): EnginePool {
  const { engines, seed, speed, duration, blockTokens } = options
  const isTrace = source.kind === 'trace'
  const blocks = isTrace ? Math.max(1, source.trace.blockCount) : TRAFFIC_STORE_BLOCKS
  const tokenBytes = TOKEN_BYTES.get(options.model.toLowerCase()) ?? LLAMA_3_70B_TOKEN_BYTES
  const task: SyntheticTask = {
    engines,
    source,
    storeBuffer: SharedBlockStore.create(blocks).buffer,
    seed,
    latency: {
      errorRate: options.errorRate ?? (isTrace ? 0 : TRAFFIC_ERROR_RATE),
      meanBurstCalls: options.faultBurst,
      floorSeconds: options.latencyFloor,
      bandwidthBytesPerSecond: options.bandwidth,
      transferSigma: options.latencySpread,
    },
    bytesPerBlock: options.bytesPerBlock ?? tokenBytes * blockTokens,
    speed,
    durationSeconds: duration,
  }
  const pool = new EnginePool({ aggregator, filename: ENGINE_FILE, engines, task: () => task })
  pool.on('exit', ({ error }) => logger.error(error.message))
  pool.on('restart', ({ engine, delayMs }) =>
    logger.info(`engine ${engine}: restarted after ${Math.round(delayMs)} ms`),
  )
  pool.on('threadError', (error) => logger.error(error.message))
  return pool
}

/** Runs the pool until its engines end or a signal stops it, and shows a status line meanwhile. */
async function runPool(
  pool: EnginePool,
  aggregator: EngineAggregator,
  terminal: Terminal,
  logger: Logger,
  url: string,
): Promise<{ outcomes: EngineOutcome[]; wallSeconds: number }> {
  const startMs = performance.now()
  const elapsedSeconds = () => (performance.now() - startMs) / MS_PER_SECOND
  const showStatus = () => {
    const seconds = elapsedSeconds()
    const { rows } = aggregator.stats()
    const engines = countOf(aggregator.engines.length, 'engine')
    const rate = `${formatInteger(rows / seconds)} per second`
    terminal.status(`${seconds.toFixed(1)} s  ${engines}  ${formatInteger(rows)} rows (${rate})`)
  }
  const status = setInterval(
    showStatus,
    terminal.interactive ? STATUS_TERMINAL_MS : STATUS_LINES_MS,
  )
  const removeSignalHandlers = stopOnSignals((signal) => {
    logger.info(`${signal}: stopping the engines; a second signal exits at once`)
    // A rejection is handled below, where `stop` is awaited.
    pool.stop().catch(() => {})
  })
  try {
    // Logged only now, since a reader of this line may send a signal.
    logger.info(`serving ${url}/metrics`)
    const outcomes = await pool.run()
    const wallSeconds = elapsedSeconds()
    await pool.stop()
    return { outcomes, wallSeconds }
  } finally {
    removeSignalHandlers()
    clearInterval(status)
    terminal.status('')
  }
}
