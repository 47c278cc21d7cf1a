import { EventEmitter } from 'node:events'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ResourceLimits, SHARE_ENV } from 'node:worker_threads'
// A private type only: published declarations must not contain types of Piscina, which fail in
// strict projects.
import type { Piscina } from 'piscina'
import { callSafely } from '../call-safely.js'
import { messageOf } from '../describe.js'
import { type AnyEngineAggregator, EngineAggregator } from '../engine-aggregator.js'
import { MoonmeterError } from '../errors.js'
import { requireNumber, requireType, resolveNumbers, TIMER_MS_MAX } from '../options.js'
import { engineIndex } from '../source-identity.js'
import { Backoff, type RestartOptions } from './backoff.js'
import { endsWithin } from './ends-within.js'
import type { EmitPoolEvent, EngineOutcome, PoolEvents } from './engine-outcome.js'
import { EngineSupervisor, type SupervisorOptions } from './engine-supervisor.js'
import type { ThreadTask } from './engine-thread.js'
import { WaitingTasks } from './waiting-tasks.js'

export type { PoolEvents } from './engine-outcome.js'

const TIMEOUTS = {
  stopTimeoutMs: { fallback: 5_000, min: 0, max: TIMER_MS_MAX },
  terminateTimeoutMs: { fallback: 5_000, min: 0, max: TIMER_MS_MAX },
} as const
const CHECKED_APART = ['aggregator', 'filename', 'engines', 'threads', 'name', 'task', 'restart']
const OF_WORKERS = ['resourceLimits', 'env', 'execArgv']
const ENGINES = { fallback: 1, min: 1, max: 4_096, integer: true }

/** Options of `EnginePool`; `aggregator`, `filename` and `engines` are required. */
export interface PoolOptions {
  /** The aggregator of the engines. The pool does not close it. */
  readonly aggregator: AnyEngineAggregator
  /** The file that exports the engine's function: a `file:` URL or an absolute path. */
  readonly filename: string | URL
  /**
   * The number of engines, 1 to 4,096, with indices from 0; or an array of 1 to 4,096 distinct
   * indices.
   */
  readonly engines: number | readonly number[]
  /**
   * The number of threads, 1 to the number of engines; default one per engine. Engines that share a
   * thread share its event loop, and all of them fail when it ends.
   */
  readonly threads?: number
  /** Name of the exported function. Default `run`. */
  readonly name?: string
  /**
   * Returns the `task` of the engine's function, which is cloned to the thread. Called for each
   * incarnation. Default undefined.
   */
  readonly task?: (engine: number) => unknown
  /** Options of the restarts of failed engines. Default `{}`. */
  readonly restart?: RestartOptions
  /**
   * Milliseconds within which engines must stop before the pool terminates their threads, 0 to 2^31
   * - 1. Default 5,000.
   */
  readonly stopTimeoutMs?: number
  /**
   * Milliseconds that `stop` waits for terminated threads to end, 0 to 2^31 - 1. Node cannot end a
   * thread in native code, such as a read that blocks. Default 5,000.
   */
  readonly terminateTimeoutMs?: number
  /** `resourceLimits` of each `Worker`. Default none. */
  readonly resourceLimits?: ResourceLimits
  /** `env` of each `Worker`. Default a copy of `process.env`. */
  readonly env?: NodeJS.ProcessEnv | typeof SHARE_ENV
  /** `execArgv` of each `Worker`. Default that of this process. */
  readonly execArgv?: string[]
}

/**
 * Runs engines on a Piscina pool, by default one thread each: starts them, restarts those that fail,
 * and stops them.
 *
 * @see https://piscinajs.dev
 */
export class EnginePool extends EventEmitter<PoolEvents> {
  readonly #piscina: Piscina
  readonly #supervisors: readonly EngineSupervisor[]
  readonly #stopTimeoutMs: number
  readonly #terminateTimeoutMs: number
  #outcomes: Promise<EngineOutcome[]> | undefined
  #destroyed: Promise<void> | undefined
  #stopped = false

  /**
   * @throws MoonmeterError `INVALID_OPTION` for an unknown option, one of the wrong type or out of
   * range, or duplicate indices; `INVALID_ENGINE` for an index that is not a non-negative safe
   * integer; `FILE_FAILED` in a bundle, which lacks the files that the threads load
   */
  constructor(options: PoolOptions) {
    super()
    const others = [...CHECKED_APART, ...OF_WORKERS]
    const timeouts = resolveNumbers('EnginePool', TIMEOUTS, options, others)
    const { terminateTimeoutMs } = timeouts
    this.#stopTimeoutMs = timeouts.stopTimeoutMs
    this.#terminateTimeoutMs = terminateTimeoutMs
    const { aggregator, filename, name = 'run', task, restart } = options
    const { resourceLimits, env, execArgv } = options
    requireType('name', 'string', name)
    requireType('task', 'function', task)
    if (!(aggregator instanceof EngineAggregator)) {
      throw new MoonmeterError('INVALID_OPTION', 'aggregator: expected an EngineAggregator')
    }
    if (!(filename instanceof URL)) requireType('filename', 'string', filename ?? null)
    const engines = readEngines(options.engines)
    const threadsRange = { ...ENGINES, fallback: engines.length, max: engines.length }
    const threads = requireNumber('threads', threadsRange, options.threads)
    const waiting = new WaitingTasks()
    const run: SupervisorOptions['run'] = (link, lifeline) => {
      const { engine } = link
      const own = { link, lifeline, task: task?.(engine) }
      const threadTask: ThreadTask = { filename: `${filename}`, name, ...own }
      const transferList = [...link.transferList, lifeline]
      return waiting.run(() => this.#piscina.run(threadTask, { transferList }))
    }
    const emit: EmitPoolEvent = (event, ...args) => this.#emitSafely(event, args)
    const { Piscina, threadFile } = loadPiscina()
    // Before Piscina starts its threads, which would keep running after an error here.
    this.#supervisors = engines.map((engine) => {
      const backoff = new Backoff(restart)
      return new EngineSupervisor({ engine, aggregator, backoff, terminateTimeoutMs, emit, run })
    })
    this.#piscina = newPiscina(Piscina, {
      filename: threadFile,
      name: 'runIncarnation',
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: Math.ceil(engines.length / threads),
      idleTimeout: Number.POSITIVE_INFINITY,
      taskQueue: waiting,
      // With `Atomics.wait` between tasks, the event loop would block, and engines could not
      // report.
      atomics: 'disabled',
      ...(resourceLimits !== undefined && { resourceLimits }),
      ...(env !== undefined && { env }),
      ...(execArgv !== undefined && { execArgv }),
    })
    // A thread that ended is replaced when the next task needs it. With a minimum, Piscina would start
    // the new thread in a listener, where a failure of Node to start it is an uncaught exception.
    this.#piscina.options.minThreads = 0
    this.#piscina.on('error', (error: unknown) => {
      waiting.fail(error)
      emit('threadError', error instanceof Error ? error : new Error(messageOf(error)))
    })
  }

  /**
   * Runs all engines until each has returned, has no restarts left, or was stopped.
   *
   * @returns the outcomes in the order of the engines; the same promise at every call
   * @throws MoonmeterError `CLOSED` when `stop` was called before
   */
  run(): Promise<EngineOutcome[]> {
    if (this.#stopped && this.#outcomes === undefined) {
      throw new MoonmeterError('CLOSED', 'pool: expected no run() after stop(); create a new pool')
    }
    this.#outcomes ??= Promise.all(this.#supervisors.map((engine) => engine.supervise()))
    return this.#outcomes
  }

  /**
   * Requests all engines to stop, terminates the threads of those that do not stop within
   * `stopTimeoutMs`, and destroys the pool. Resolves within the sum of `stopTimeoutMs` and
   * `terminateTimeoutMs`. May be called repeatedly.
   *
   * @returns the outcomes in the order of the engines; empty when `run` was never called
   */
  async stop(): Promise<EngineOutcome[]> {
    this.#stopped = true
    for (const supervisor of this.#supervisors) supervisor.stop()
    const timer = setTimeout(() => {
      for (const supervisor of this.#supervisors) supervisor.abort()
      void this.#destroy()
    }, this.#stopTimeoutMs)
    try {
      return (await this.#outcomes) ?? []
    } finally {
      clearTimeout(timer)
      await this.#destroy()
    }
  }

  /** Terminates all threads, and waits at most `terminateTimeoutMs` for their end. */
  #destroy(): Promise<void> {
    this.#destroyed ??= endsWithin(this.#piscina.destroy(), this.#terminateTimeoutMs).then(
      (isEnded) => {
        if (isEnded) return
        const error = new MoonmeterError(
          'ENGINE_FAILED',
          `pool: expected all threads to end within ${this.#terminateTimeoutMs} ms after their ` +
            'termination, got at least one that did not; process.exit() waits for it, SIGKILL ' +
            'and process.abort() do not',
        )
        this.#emitSafely('threadError', [error])
      },
    )
    return this.#destroyed
  }

  /** Calls each listener separately, since `emit` stops at the first listener that throws. */
  #emitSafely<Name extends keyof PoolEvents>(name: Name, event: PoolEvents[Name]): void {
    for (const listener of this.rawListeners(name)) {
      callSafely(`listener of '${name}'`, () => Reflect.apply(listener, this, event))
    }
  }
}

type PiscinaClass = typeof import('piscina').Piscina
type PiscinaOptions = NonNullable<ConstructorParameters<PiscinaClass>[0]>

/**
 * Returns Piscina and the file that its threads load. The constructor of a pool calls it: most programs
 * have no pool, and a bundle contains neither. At the import of this module it would fail every bundle
 * of CommonJS, where `import.meta.url` is undefined.
 *
 * @throws MoonmeterError `FILE_FAILED` if either is not found
 */
function loadPiscina(): { readonly Piscina: PiscinaClass; readonly threadFile: string } {
  try {
    const threadFile = fileURLToPath(new URL('./thread-loader.cjs', import.meta.url))
    // The module that the thread file loads. Webpack copies the thread file, but not this module.
    const loaded = join(dirname(threadFile), 'engine-thread.js')
    if (!existsSync(loaded)) throw new Error(`there is no ${loaded}`)
    const { Piscina }: typeof import('piscina') = createRequire(import.meta.url)('piscina')
    return { Piscina, threadFile }
  } catch (cause) {
    throw new MoonmeterError(
      'FILE_FAILED',
      `EnginePool: expected the files that its threads load, got none (${messageOf(cause)}); a bundle ` +
        'does not contain them: exclude moonmeter from the bundle (`external`), and install it',
      { cause },
    )
  }
}

/** @throws MoonmeterError `INVALID_OPTION` for options that Piscina or Node's `Worker` rejects */
function newPiscina(Piscina: PiscinaClass, options: PiscinaOptions): Piscina {
  try {
    return new Piscina(options)
  } catch (cause) {
    throw new MoonmeterError(
      'INVALID_OPTION',
      `EnginePool: expected ${OF_WORKERS.join(', ')} that a Worker accepts, got: ${messageOf(cause)}`,
      { cause },
    )
  }
}

function readEngines(engines: number | readonly number[]): readonly number[] {
  if (typeof engines === 'number') {
    return [...Array(requireNumber('engines', ENGINES, engines)).keys()]
  }
  if (!Array.isArray(engines)) {
    throw new MoonmeterError('INVALID_OPTION', 'engines: expected a number or an array of indices')
  }
  requireNumber('engines.length', ENGINES, engines.length)
  const indices = new Set<number>()
  for (const engine of Array.from(engines, (index) => engineIndex(index))) {
    if (indices.has(engine)) {
      throw new MoonmeterError(
        'INVALID_OPTION',
        `engines: expected distinct engine indices, got ${engine} twice`,
      )
    }
    indices.add(engine)
  }
  return [...indices]
}
