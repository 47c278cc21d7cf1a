import type { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AnyEngineAggregator } from '../engine-aggregator.js'
import { MoonmeterError } from '../errors.js'
import type { EngineLink } from '../journal/engine-link.js'
import type { Backoff } from './backoff.js'
import type { EngineOutcome, ExitReason, PoolEvents } from './engine-outcome.js'

/** How the message of Piscina's error begins when a thread ends during its task. */
const THREAD_ENDED = 'worker exited with code'

/** What a supervisor needs of its pool. */
export interface SupervisorOptions {
  readonly engine: number
  readonly aggregator: AnyEngineAggregator
  readonly backoff: Backoff
  /** Emits the events of the engine. */
  readonly events: EventEmitter<PoolEvents>
  /** Runs one incarnation on a thread; rejects unless the engine's function returns. */
  readonly run: (link: EngineLink, signal: AbortSignal) => Promise<unknown>
}

/**
 * Runs the incarnations of one engine: restarts it when it fails, until it returns or is stopped.
 */
export class EngineSupervisor {
  readonly #options: SupervisorOptions
  readonly #stop = new AbortController()
  readonly #abort = new AbortController()

  constructor(options: SupervisorOptions) {
    this.#options = options
  }

  /**
   * Runs the engine until its function returns, its restarts are used up, or it is stopped. Never
   * rejects, so that the failure of one engine does not affect the others.
   */
  async supervise(): Promise<EngineOutcome> {
    const { engine, aggregator, backoff, events } = this.#options
    const { signal } = this.#stop
    try {
      for (;;) {
        const startMs = performance.now()
        const outcome = await this.#runIncarnation()
        if (outcome.state === 'finished' || signal.aborted) return outcome
        const delayMs = backoff.next(performance.now() - startMs)
        if (delayMs === undefined) return outcome
        await sleep(delayMs, undefined, { signal }).catch(() => {})
        if (!signal.aborted) {
          const { reason } = outcome
          aggregator.noteRestart(engine, reason)
          events.emit('restart', { engine, reason, delayMs })
        }
        // Checked again, since a listener of `restart` can stop the pool.
        if (signal.aborted) return { engine, state: 'finished', result: undefined }
      }
    } catch (cause) {
      // The aggregator refused the engine (`enginesMax`), or a listener threw.
      return failedOutcome(engine, 'error', cause)
    }
  }

  /** Asks the engine to stop, and disables its restarts. */
  stop(): void {
    this.#stop.abort()
    this.#options.aggregator.requestStop(this.#options.engine)
  }

  /** Terminates the engine's thread. */
  abort(): void {
    this.#abort.abort()
  }

  async #runIncarnation(): Promise<EngineOutcome> {
    const { engine, aggregator, events, run } = this.#options
    const { signal } = this.#abort
    const link = aggregator.connect(engine)
    const { incarnation } = link
    events.emit('start', { engine, incarnation })
    try {
      return { engine, state: 'finished', result: await run(link, signal) }
    } catch (cause) {
      // A link that was not transferred to a thread stays connected until its port is closed.
      link.port.close()
      const outcome = failedOutcome(engine, signal.aborted ? 'aborted' : reasonOf(cause), cause)
      const { reason, error } = outcome
      events.emit('exit', { engine, incarnation, reason, error })
      return outcome
    }
  }
}

function reasonOf(cause: unknown): ExitReason {
  if (!(cause instanceof Error)) return 'error'
  if ('code' in cause && cause.code === 'ERR_WORKER_OUT_OF_MEMORY') return 'out_of_memory'
  return cause.message.startsWith(THREAD_ENDED) ? 'exit' : 'error'
}

function failedOutcome(engine: number, reason: ExitReason, cause: unknown) {
  const got = `${reason}: ${cause instanceof Error ? cause.message : String(cause)}`
  const message = `engine ${engine}: expected its function to return, got ${got}`
  const error = new MoonmeterError('ENGINE_FAILED', message, { cause })
  return { engine, state: 'failed', reason, error } as const
}
