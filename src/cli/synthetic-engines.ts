import { availableParallelism } from 'node:os'
import type { Logger } from 'pino'
import type { SyntheticTask } from '../../workers/engine.js'
import type { EngineAggregator } from '../engine-aggregator.js'
import type { RestartOptions } from '../pool/backoff.js'
import { EnginePool } from '../pool/engine-pool.js'
import { SharedBlockStore } from '../simulate/block-store.js'
import type { RequestSource } from '../simulate/engine.js'
import { tallyOfPlannedCrash } from '../simulate/planned-crash.js'
import { EngineGroup } from './engine-group.js'
import type { ScenarioRun } from './scenario-run.js'
import { type SimulationOptions, TRAFFIC_ERROR_RATE } from './simulation-options.js'

/** Capacity of the store for generated traffic, which has no end: 4 MiB of slots. */
const TRAFFIC_STORE_BLOCKS = 2 ** 20
/** KV-cache bytes of a token in bf16: 2 (key and value) · layers · KV heads · head size · 2. */
const LLAMA_3_70B_TOKEN_BYTES = 2 * 80 * 8 * 128 * 2
const TOKEN_BYTES = new Map([
  ['llama-3-70b', LLAMA_3_70B_TOKEN_BYTES],
  ['qwen3-8b', 2 * 36 * 8 * 128 * 2],
  ['llama-3.1-8b', 2 * 32 * 8 * 128 * 2],
])
/**
 * Time-out of a stop. Engines stop within about a second, unless thousands of them share a busy
 * processor.
 */
const STOP_TIMEOUT_MS = 30_000
/**
 * Maximum number of concurrent requests of a thread, and of one engine. On an overloaded thread,
 * each engine reaches its maximum, which takes memory.
 */
const THREAD_IN_FLIGHT_MAX = 4_096
const ENGINE_IN_FLIGHT = { min: 2, max: 64 }
const ENGINE_FILE = new URL('../../workers/engine.js', import.meta.url)

/** Restarts of an engine that a scenario crashes: without limit, at most 2 s apart. */
const CRASH_RESTARTS: RestartOptions = { delayMsMax: 2_000, restartsMax: 2 ** 31 }

/** The shared properties of the engines of a run. */
export interface SyntheticWorkload {
  readonly source: RequestSource
  /** An int32 that becomes 1 when the first engine begins. */
  readonly begun: SharedArrayBuffer
  readonly scenario: ScenarioRun | undefined
}

/**
 * Creates the engines of `moonmeter simulate`, and logs the events of their pools: one pool for all
 * engines, and another one if a scenario needs a separate thread for an engine.
 */
export function createSyntheticEngines(
  options: SimulationOptions,
  { source, begun, scenario }: SyntheticWorkload,
  aggregator: EngineAggregator,
  logger: Logger,
): EngineGroup {
  const { engines, seed, speed, blockTokens } = options
  const apart = scenario?.engineApart
  const together = [...Array(engines).keys()].filter((engine) => engine !== apart)
  const threads = Math.min(options.threads ?? availableParallelism(), together.length)
  const isTrace = source.kind === 'trace'
  const blocks = isTrace ? Math.max(1, source.trace.blockCount) : TRAFFIC_STORE_BLOCKS
  const tokenBytes = TOKEN_BYTES.get(options.model.toLowerCase()) ?? LLAMA_3_70B_TOKEN_BYTES
  const task: SyntheticTask = {
    engines,
    source,
    storeBuffer: SharedBlockStore.create(blocks).buffer,
    begun,
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
    inFlightMax: inFlightOf(together.length / Math.max(1, threads)),
  }
  const createPool = (indices: readonly number[], threadsOfPool: number, restart: RestartOptions) =>
    new EnginePool({
      aggregator,
      filename: ENGINE_FILE,
      engines: indices,
      threads: threadsOfPool,
      task: (engine) => {
        const ofEngine = scenario?.taskOf(engine)
        return ofEngine === undefined ? task : { ...task, scenario: ofEngine }
      },
      restart,
      stopTimeoutMs: STOP_TIMEOUT_MS,
    })
  const pools: EnginePool[] = []
  if (together.length > 0) pools.push(createPool(together, threads, {}))
  if (apart !== undefined) pools.push(createPool([apart], 1, CRASH_RESTARTS))
  for (const pool of pools) logEvents(pool, logger)
  return new EngineGroup(pools)
}

function logEvents(pool: EnginePool, logger: Logger): void {
  pool.on('exit', ({ engine, error }) => {
    if (tallyOfPlannedCrash(error.cause) === undefined) logger.error(error.message)
    else logger.info(`engine ${engine}: crashed, as the scenario plans`)
  })
  pool.on('restart', ({ engine, delayMs }) =>
    logger.info(`engine ${engine}: restarted after ${Math.round(delayMs)} ms`),
  )
  pool.on('threadError', (error) => logger.error(error.message))
}

/**
 * Maximum number of concurrent requests of each engine, given the number of engines of its thread.
 */
function inFlightOf(enginesOfThread: number): number {
  const share = Math.floor(THREAD_IN_FLIGHT_MAX / enginesOfThread)
  return Math.min(ENGINE_IN_FLIGHT.max, Math.max(ENGINE_IN_FLIGHT.min, share))
}
