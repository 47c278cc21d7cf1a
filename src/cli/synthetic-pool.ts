import { availableParallelism } from 'node:os'
import type { Logger } from 'pino'
import type { SyntheticTask } from '../../workers/engine.js'
import type { EngineAggregator } from '../engine-aggregator.js'
import { EnginePool } from '../pool/engine-pool.js'
import { SharedBlockStore } from '../simulate/block-store.js'
import type { RequestSource } from '../simulate/engine.js'
import { type SimulationOptions, TRAFFIC_ERROR_RATE } from './simulation-options.js'

/** Capacity of the store for generated traffic, which never ends: 4 MiB of slots. */
const TRAFFIC_STORE_BLOCKS = 2 ** 20
/** KV-cache bytes of a token in bf16: 2 (key and value) · layers · KV heads · head size · 2. */
const LLAMA_3_70B_TOKEN_BYTES = 2 * 80 * 8 * 128 * 2
const TOKEN_BYTES = new Map([
  ['llama-3-70b', LLAMA_3_70B_TOKEN_BYTES],
  ['qwen3-8b', 2 * 36 * 8 * 128 * 2],
  ['llama-3.1-8b', 2 * 32 * 8 * 128 * 2],
])
/** Engines stop within a second or so, unless thousands of them share a busy processor. */
const STOP_TIMEOUT_MS = 30_000
/**
 * Concurrent requests of the engines of a thread, and of one engine. On a thread that cannot keep
 * up, each engine has as many as it may, which takes memory.
 */
const THREAD_IN_FLIGHT_MAX = 4_096
const ENGINE_IN_FLIGHT = { min: 2, max: 64 }
const ENGINE_FILE = new URL('../../workers/engine.js', import.meta.url)

/** What the engines of a pool share. */
export interface SyntheticWorkload {
  readonly source: RequestSource
  /** An int32 that becomes 1 when the first engine begins. */
  readonly begun: SharedArrayBuffer
}

/** Creates the pool of `moonmeter simulate`, and logs its events. */
export function createSyntheticPool(
  options: SimulationOptions,
  { source, begun }: SyntheticWorkload,
  aggregator: EngineAggregator,
  logger: Logger,
): EnginePool {
  const { engines, seed, speed, blockTokens } = options
  const threads = Math.min(options.threads ?? availableParallelism(), engines)
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
    inFlightMax: inFlightOf(engines / threads),
  }
  const pool = new EnginePool({
    aggregator,
    filename: ENGINE_FILE,
    engines,
    threads,
    task: () => task,
    stopTimeoutMs: STOP_TIMEOUT_MS,
  })
  pool.on('exit', ({ error }) => logger.error(error.message))
  pool.on('restart', ({ engine, delayMs }) =>
    logger.info(`engine ${engine}: restarted after ${Math.round(delayMs)} ms`),
  )
  pool.on('threadError', (error) => logger.error(error.message))
  return pool
}

/** Concurrent requests of each of a number of engines on one thread. */
function inFlightOf(enginesOfThread: number): number {
  const share = Math.floor(THREAD_IN_FLIGHT_MAX / enginesOfThread)
  return Math.min(ENGINE_IN_FLIGHT.max, Math.max(ENGINE_IN_FLIGHT.min, share))
}
