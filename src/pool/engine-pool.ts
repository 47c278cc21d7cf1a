import { EventEmitter } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import { EngineAggregator } from '../aggregator/engine-aggregator.js'
import { MoonmeterError } from '../errors.js'
import type { EngineLink } from '../journal/engine-link.js'
import {
  engineIndex,
  refuseUnknownOptions,
  requireNumber,
  requireType,
  TIMER_MS_MAX,
} from '../options.js'
import { Backoff, type RestartOptions } from './backoff.js'
import type { EngineOutcome, ExitReason } from './engine-outcome.js'
import { EngineSupervisor } from './engine-supervisor.js'
import type { ThreadTask } from './engine-thread.js'

const STOP_TIMEOUT_MS = { fallback: 5_000, min: 0, max: TIMER_MS_MAX }
const ENGINES = { fallback: 1, min: 1, max: 4_096, integer: true }
/** The file a pool's threads run, beside this one. */
const THREAD_FILE = fileURLToPath(new URL('./engine-thread.js', import.meta.url))

type PiscinaOptions = NonNullable<ConstructorParameters<typeof Piscina>[0]>

/** Options of `EnginePool`; all but the first three have a default. */
export interface PoolOptions {
  /** Gathers what the engines record. */
  readonly aggregator: EngineAggregator
  /** The file with the engine's function: a `file:` URL or an absolute path. */
  readonly filename: string | URL
  /** How many engines, which then have the indices from 0, or their indices. */
  readonly engines: number | readonly number[]
  /** Name under which the file exports the function; default `run`. */
  readonly name?: string
  /** What the function gets as `task`, cloned to the thread; asked anew for each life. */
  readonly task?: (engine: number) => unknown
  /** How engines that died are brought back. */
  readonly restart?: RestartOptions
  /** Milliseconds an engine has to stop before its thread is ended; default 5000. */
  readonly stopTimeoutMs?: number
  /** As for `Worker`: memory limits of each engine's thread. */
  readonly resourceLimits?: PiscinaOptions['resourceLimits']
  /** As for `Worker`: the environment of each engine's thread. */
  readonly env?: PiscinaOptions['env']
  /** As for `Worker`: Node's options for each engine's thread. */
  readonly execArgv?: string[]
}

/** Events of `EnginePool` with what their listeners get. */
export interface PoolEvents {
  /** A life begins. */
  start: [{ engine: number; incarnation: number }]
  /** A life ended other than by returning. */
  exit: [{ engine: number; incarnation: number; reason: ExitReason; error: MoonmeterError }]
  /** The next life of an engine that died is about to begin. */
  restart: [{ engine: number; reason: ExitReason; delayMs: number }]
  /** A thread failed outside of any life. */
  threadError: [Error]
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
 * Engines on a Piscina pool, one thread each: started, restarted when they die, and stopped.
 *
 * @see https://piscinajs.dev
 */
export class EnginePool extends EventEmitter<PoolEvents> {
  readonly #options: PoolOptions
  readonly #piscina: Piscina
  readonly #supervisors: readonly EngineSupervisor[]
  readonly #stopTimeoutMs: number
  #outcomes: Promise<EngineOutcome[]> | undefined
  #stopped = false

  /** @throws MoonmeterError `INVALID_OPTION`, `INVALID_ENGINE` */
  constructor(options: PoolOptions) {
    super()
    refuseUnknownOptions('EnginePool', options, OPTION_NAMES)
    requireType('name', 'string', options.name)
    requireType('task', 'function', options.task)
    if (!(options.aggregator instanceof EngineAggregator)) {
      throw new MoonmeterError('INVALID_OPTION', 'aggregator: expected an EngineAggregator')
    }
    if (!(options.filename instanceof URL))
      requireType('filename', 'string', options.filename ?? null)
    this.#options = options
    this.#stopTimeoutMs = requireNumber('stopTimeoutMs', STOP_TIMEOUT_MS, options.stopTimeoutMs)
    const engines = readEngines(options.engines)
    // Before there are threads, which an error in here would leave behind.
    this.#supervisors = engines.map((engine) => this.#supervisor(engine, options.restart))
    const { resourceLimits, env, execArgv } = options
    this.#piscina = new Piscina({
      filename: THREAD_FILE,
      name: 'live',
      minThreads: engines.length,
      maxThreads: engines.length,
      concurrentTasksPerWorker: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      // Atomics.wait between tasks would keep an engine's event loop, and so its reports, waiting.
      atomics: 'disabled',
      ...(resourceLimits && { resourceLimits }),
      ...(env && { env }),
      ...(execArgv && { execArgv }),
    })
    this.#piscina.on('error', (error) => this.emit('threadError', error))
  }

  /**
   * Run all engines until each returned, was given up or was stopped.
   *
   * @returns how each ended, in the order of the engines; the same promise at every call
   * @throws MoonmeterError `CLOSED` when it was stopped before it ran
   */
  run(): Promise<EngineOutcome[]> {
    if (this.#stopped && this.#outcomes === undefined) {
      throw new MoonmeterError('CLOSED', 'pool: expected no run() after stop(); make a new pool')
    }
    this.#outcomes ??= Promise.all(this.#supervisors.map((engine) => engine.supervise()))
    return this.#outcomes
  }

  /**
   * Stop all engines: ask them, wait, end the threads of those that did not stop in time, and take
   * the pool down.
   *
   * @returns how each ended
   */
  async stop(): Promise<EngineOutcome[]> {
    this.#stopped = true
    const outcomes = this.#outcomes ?? Promise.resolve([])
    for (const supervisor of this.#supervisors) supervisor.stop()
    const timer = setTimeout(() => {
      for (const supervisor of this.#supervisors) supervisor.abort()
    }, this.#stopTimeoutMs)
    try {
      return await outcomes
    } finally {
      clearTimeout(timer)
      await this.#piscina.destroy()
    }
  }

  #supervisor(engine: number, restart: RestartOptions | undefined): EngineSupervisor {
    return new EngineSupervisor({
      engine,
      aggregator: this.#options.aggregator,
      backoff: new Backoff(restart),
      run: (link, signal) => this.#live(engine, link, signal),
      onStart: (incarnation) => this.emit('start', { engine, incarnation }),
      onExit: (incarnation, reason, error) =>
        this.emit('exit', { engine, incarnation, reason, error }),
      onRestart: (reason, delayMs) => this.emit('restart', { engine, reason, delayMs }),
    })
  }

  #live(engine: number, link: EngineLink, signal: AbortSignal): Promise<unknown> {
    const { filename, name = 'run', task } = this.#options
    const threadTask: ThreadTask = {
      filename: filename instanceof URL ? filename.href : filename,
      name,
      link,
      task: task?.(engine),
    }
    return this.#piscina.run(threadTask, { signal, transferList: [...link.transferList] })
  }
}

function readEngines(engines: number | readonly number[]): readonly number[] {
  if (typeof engines === 'number') {
    const count = requireNumber('engines', ENGINES, engines)
    return Array.from({ length: count }, (_, index) => index)
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
