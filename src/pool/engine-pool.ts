import { EventEmitter } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import { type AnyEngineAggregator, EngineAggregator } from '../engine-aggregator.js'
import { MoonmeterError } from '../errors.js'
import type { EngineLink } from '../journal/engine-link.js'
import { refuseUnknownOptions, requireNumber, requireType, TIMER_MS_MAX } from '../options.js'
import { engineIndex } from '../source-identity.js'
import { Backoff, type RestartOptions } from './backoff.js'
import type { EngineOutcome, PoolEvents } from './engine-outcome.js'
import { EngineSupervisor } from './engine-supervisor.js'
import type { ThreadTask } from './engine-thread.js'

export type { PoolEvents } from './engine-outcome.js'

const STOP_TIMEOUT_MS = { fallback: 5_000, min: 0, max: TIMER_MS_MAX }
const ENGINES = { fallback: 1, min: 1, max: 4_096, integer: true }
const THREAD_FILE = fileURLToPath(new URL('./engine-thread.js', import.meta.url))

type PiscinaOptions = NonNullable<ConstructorParameters<typeof Piscina>[0]>

/** Options of `EnginePool`; `aggregator`, `filename` and `engines` are required. */
export interface PoolOptions {
  /** Aggregates what the engines record; the pool does not close it. */
  readonly aggregator: AnyEngineAggregator
  /** The file that exports the engine's function: a `file:` URL or an absolute path. */
  readonly filename: string | URL
  /** The number of engines, 1 to 4096, with indices from 0; or their distinct indices. */
  readonly engines: number | readonly number[]
  /** Name of the exported function. Default `run`. */
  readonly name?: string
  /**
   * Returns the engine function's `task`, which is cloned to the thread; called for each
   * incarnation. Default undefined.
   */
  readonly task?: (engine: number) => unknown
  /** When and how often engines that failed are restarted. Default `{}`. */
  readonly restart?: RestartOptions
  /**
   * Milliseconds that engines have to stop before the pool terminates their threads, 0 to
   * 2^31 - 1. Default 5000.
   */
  readonly stopTimeoutMs?: number
  /** `resourceLimits` of each engine's `Worker`. Default none. */
  readonly resourceLimits?: PiscinaOptions['resourceLimits']
  /** `env` of each engine's `Worker`. Default a copy of `process.env`. */
  readonly env?: PiscinaOptions['env']
  /** `execArgv` of each engine's `Worker`. Default that of this process. */
  readonly execArgv?: string[]
}

const OPTION_NAMES: readonly (keyof PoolOptions)[] = [
  'aggregator',
  'filename',
  'engines',
  'name',
  'task',
  'restart',
  'stopTimeoutMs',
  'resourceLimits',
  'env',
  'execArgv',
]

/**
 * Runs engines on a Piscina pool, one thread each: starts them, restarts those that fail, and stops
 * them.
 *
 * @see https://piscinajs.dev
 */
export class EnginePool extends EventEmitter<PoolEvents> {
  readonly #piscina: Piscina
  readonly #supervisors: readonly EngineSupervisor[]
  readonly #stopTimeoutMs: number
  #outcomes: Promise<EngineOutcome[]> | undefined
  #stopped = false

  /**
   * @throws MoonmeterError `INVALID_OPTION` for an unknown option, one of the wrong type or out of
   * range, or duplicate indices; `INVALID_ENGINE` for an index that is no non-negative safe integer
   */
  constructor(options: PoolOptions) {
    super()
    refuseUnknownOptions('EnginePool', options, OPTION_NAMES)
    const { aggregator, filename, name = 'run', task, restart } = options
    const { resourceLimits, env, execArgv } = options
    requireType('name', 'string', name)
    requireType('task', 'function', task)
    if (!(aggregator instanceof EngineAggregator)) {
      throw new MoonmeterError('INVALID_OPTION', 'aggregator: expected an EngineAggregator')
    }
    if (!(filename instanceof URL)) requireType('filename', 'string', filename ?? null)
    this.#stopTimeoutMs = requireNumber('stopTimeoutMs', STOP_TIMEOUT_MS, options.stopTimeoutMs)
    const engines = readEngines(options.engines)
    const run = (link: EngineLink, signal: AbortSignal): Promise<unknown> => {
      const { engine } = link
      const threadTask: ThreadTask = { filename: `${filename}`, name, link, task: task?.(engine) }
      return this.#piscina.run(threadTask, { signal, transferList: [...link.transferList] })
    }
    // Before Piscina starts threads, which an error in here would leave running.
    this.#supervisors = engines.map(
      (engine) =>
        new EngineSupervisor({
          engine,
          aggregator,
          backoff: new Backoff(restart),
          events: this,
          run,
        }),
    )
    this.#piscina = new Piscina({
      filename: THREAD_FILE,
      name: 'runIncarnation',
      minThreads: engines.length,
      maxThreads: engines.length,
      concurrentTasksPerWorker: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      // With Atomics.wait between tasks, an engine's event loop would not run, nor its reports.
      atomics: 'disabled',
      ...(resourceLimits && { resourceLimits }),
      ...(env && { env }),
      ...(execArgv && { execArgv }),
    })
    this.#piscina.on('error', (error) => this.emit('threadError', error))
  }

  /**
   * Runs all engines until each has returned, is out of restarts, or was stopped.
   *
   * @returns the outcomes in the order of the engines; the same promise at every call
   * @throws MoonmeterError `CLOSED` when `stop` was called before
   */
  run(): Promise<EngineOutcome[]> {
    if (this.#stopped && this.#outcomes === undefined) {
      throw new MoonmeterError('CLOSED', 'pool: expected no run() after stop(); make a new pool')
    }
    this.#outcomes ??= Promise.all(this.#supervisors.map((engine) => engine.supervise()))
    return this.#outcomes
  }

  /**
   * Asks all engines to stop, terminates the threads of those that do not within `stopTimeoutMs`,
   * and destroys the pool. It can be called repeatedly.
   *
   * @returns the outcomes in the order of the engines; empty when `run` was never called
   */
  async stop(): Promise<EngineOutcome[]> {
    this.#stopped = true
    for (const supervisor of this.#supervisors) supervisor.stop()
    const timer = setTimeout(() => {
      for (const supervisor of this.#supervisors) supervisor.abort()
    }, this.#stopTimeoutMs)
    try {
      return (await this.#outcomes) ?? []
    } finally {
      clearTimeout(timer)
      await this.#piscina.destroy()
    }
  }
}

function readEngines(engines: number | readonly number[]): readonly number[] {
  if (typeof engines === 'number') {
    return [...Array(requireNumber('engines', ENGINES, engines)).keys()]
  }
  if (!Array.isArray(engines)) {
    throw new MoonmeterError('INVALID_OPTION', 'engines: expected a number or an array of indices')
  }
  const indices = engines.map(engineIndex)
  if (indices.length === 0 || new Set(indices).size !== indices.length) {
    throw new MoonmeterError(
      'INVALID_OPTION',
      `engines: expected distinct engine indices, at least one, got ${indices.join(', ') || 'none'}`,
    )
  }
  return indices
}
