import { setTimeout as sleep } from 'node:timers/promises'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { messageOf } from '../describe.js'
import type { AnyEngineAggregator } from '../engine-aggregator.js'
import { MoonmeterError } from '../errors.js'
import type { EngineLink } from '../journal/engine-link.js'
import type { Backoff } from './backoff.js'
import { endsWithin } from './ends-within.js'
import type { EmitPoolEvent, EngineOutcome, ExitReason } from './engine-outcome.js'
import type { ThreadOutcome } from './engine-thread.js'

/** The start of the message of Piscina's error for a thread that ends during its task. */
const THREAD_ENDED = 'worker exited with code'

const STOPPED = 'stopped'

/** Options of an `EngineSupervisor`. */
export interface SupervisorOptions {
  readonly engine: number
  readonly aggregator: AnyEngineAggregator
  readonly backoff: Backoff
  readonly terminateTimeoutMs: number
  /** Emits the events of the engine. */
  readonly emit: EmitPoolEvent
  /**
   * Runs one incarnation on a thread, to which both ports are transferred. Rejects when the thread
   * ends, and resolves to null if the thread ended by an uncaught `null`.
   */
  readonly run: (link: EngineLink, lifeline: MessagePort) => Promise<ThreadOutcome | null>
}

/**
 * Runs the incarnations of one engine: restarts it when it fails, until it returns or is stopped.
 */
export class EngineSupervisor {
  readonly #options: SupervisorOptions
  readonly #stop = new AbortController()
  #aborted = false

  constructor(options: SupervisorOptions) {
    this.#options = options
  }

  /**
   * Runs the engine until its function returns, no restarts are left, or it is stopped. Never
   * rejects, so that the failure of one engine does not affect the others.
   */
  async supervise(): Promise<EngineOutcome> {
    const { engine, aggregator, backoff, emit } = this.#options
    const { signal } = this.#stop
    try {
      for (;;) {
        const startMs = performance.now()
        const outcome = await this.#runIncarnation()
        if (outcome.state === 'finished' || signal.aborted) return outcome
        const delayMs = backoff.next(performance.now() - startMs)
        if (delayMs === undefined) {
          aggregator.noteFailure(engine)
          return outcome
        }
        await sleep(delayMs, undefined, { signal }).catch(() => {})
        if (!signal.aborted) {
          const { reason } = outcome
          aggregator.noteRestart(engine, reason)
          emit('restart', { engine, reason, delayMs })
        }
        // Checked again, since a listener of `restart` can stop the pool.
        if (signal.aborted) return { engine, state: 'finished', result: undefined }
      }
    } catch (cause) {
      // The aggregator rejected the engine (`enginesMax`), or `restart.random` threw.
      return failedOutcome(engine, 'error', cause)
    }
  }

  /** Requests the engine to stop, and disables its restarts. */
  stop(): void {
    // Without a reason, each controller would create an error with a stack trace.
    this.#stop.abort(STOPPED)
    this.#options.aggregator.requestStop(this.#options.engine)
  }

  /** Marks the engine as aborted before the pool terminates its thread. */
  abort(): void {
    this.#aborted = true
  }

  async #runIncarnation(): Promise<EngineOutcome> {
    const { engine, aggregator, emit, run } = this.#options
    const link = aggregator.connect(engine)
    const { incarnation } = link
    emit('start', { engine, incarnation })
    const { port1, port2 } = new MessageChannel()
    // The port closes when the thread ends for any reason.
    const ended = new Promise((resolve) => port1.once('close', resolve))
    try {
      const outcome = await run(link, port2)
      if (outcome?.state === 'returned')
        return { engine, state: 'finished', result: outcome.result }
      return this.#fail(incarnation, 'error', outcome === null ? null : outcome.thrown)
    } catch (cause) {
      // Ports that were not transferred to a thread stay open until they are closed here.
      link.port.close()
      port2.close()
      if (!this.#aborted) return this.#fail(incarnation, reasonOf(cause), cause)
      if (await endsWithin(ended, this.#options.terminateTimeoutMs)) {
        return this.#fail(incarnation, 'aborted', cause)
      }
      // No port closes before the thread ends, so the journal is read now.
      aggregator.disconnect(engine)
      return this.#fail(incarnation, 'lost', cause)
    } finally {
      port1.close()
    }
  }

  #fail(incarnation: number, reason: ExitReason, cause: unknown): EngineOutcome {
    const { engine, emit } = this.#options
    const outcome = failedOutcome(engine, reason, cause)
    emit('exit', { engine, incarnation, reason, error: outcome.error })
    return outcome
  }
}

function reasonOf(cause: unknown): ExitReason {
  if (!(cause instanceof Error)) return 'error'
  if ('code' in cause && cause.code === 'ERR_WORKER_OUT_OF_MEMORY') return 'out_of_memory'
  return cause.message.startsWith(THREAD_ENDED) ? 'exit' : 'error'
}

function failedOutcome(engine: number, reason: ExitReason, cause: unknown) {
  const got = `${reason}: ${messageOf(cause)}`
  const message = `engine ${engine}: expected its function to return, got ${got}`
  const error = new MoonmeterError('ENGINE_FAILED', message, { cause })
  return { engine, state: 'failed', reason, error } as const
}
