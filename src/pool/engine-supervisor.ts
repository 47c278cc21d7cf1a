import type { EngineAggregator } from '../aggregator/engine-aggregator.js'
import { MoonmeterError } from '../errors.js'
import type { EngineLink } from '../journal/engine-link.js'
import type { Backoff } from './backoff.js'
import type { EngineOutcome, ExitReason } from './engine-outcome.js'

/** Piscina's words for a thread that ended under its task. */
const THREAD_ENDED = 'worker exited with code'

/** What a supervisor needs of its pool. */
export interface SupervisorOptions {
  readonly engine: number
  readonly aggregator: EngineAggregator
  readonly backoff: Backoff
  /** Run one life on a thread; rejected when it ends other than by returning. */
  readonly run: (link: EngineLink, signal: AbortSignal) => Promise<unknown>
  readonly onStart: (incarnation: number) => void
  readonly onExit: (incarnation: number, reason: ExitReason, error: MoonmeterError) => void
  readonly onRestart: (reason: ExitReason, delayMs: number) => void
}

/** Keeps one engine alive: runs a life, and the next when it died, until it is done or stopped. */
export class EngineSupervisor {
  readonly #options: SupervisorOptions
  readonly #abort = new AbortController()
  #stopping = false
  /** Ends the wait for the next restart at once. */
  #wake: () => void = () => {}

  constructor(options: SupervisorOptions) {
    this.#options = options
  }

  /**
   * Live until the engine's function returns, the restarts are used up, or it is stopped. It never
   * rejects: other engines go on, whatever becomes of this one.
   */
  async supervise(): Promise<EngineOutcome> {
    try {
      return await this.#liveOn()
    } catch (cause) {
      // No room for the engine, or a listener that threw.
      const { engine } = this.#options
      return { engine, state: 'failed', reason: 'error', error: failure(engine, 'error', cause) }
    }
  }

  async #liveOn(): Promise<EngineOutcome> {
    const { engine, aggregator, backoff, onRestart } = this.#options
    for (;;) {
      const startMs = performance.now()
      const outcome = await this.#live()
      if (outcome.state === 'finished' || this.#stopping) return outcome
      const delayMs = backoff.next(performance.now() - startMs)
      if (delayMs === undefined) return outcome
      await this.#sleep(delayMs)
      if (!this.#stopping) {
        aggregator.noteRestart(engine, outcome.reason)
        onRestart(outcome.reason, delayMs)
      }
      // Also where a listener of the restart has just asked to stop.
      if (this.#stopping) return { engine, state: 'finished', result: undefined }
    }
  }

  /** Ask the engine to stop, and restart it no more. */
  stop(): void {
    this.#stopping = true
    this.#options.aggregator.requestStop(this.#options.engine)
    this.#wake()
  }

  /** End the engine's thread. */
  abort(): void {
    this.#abort.abort()
  }

  async #live(): Promise<EngineOutcome> {
    const { engine, aggregator, run, onStart, onExit } = this.#options
    const link = aggregator.connect(engine)
    onStart(link.incarnation)
    try {
      return { engine, state: 'finished', result: await run(link, this.#abort.signal) }
    } catch (cause) {
      // Where the link never reached a thread, nobody else would end this life.
      link.port.close()
      const reason = reasonOf(cause, this.#abort.signal.aborted)
      const error = failure(engine, reason, cause)
      onExit(link.incarnation, reason, error)
      return { engine, state: 'failed', reason, error }
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

function reasonOf(cause: unknown, aborted: boolean): ExitReason {
  if (aborted) return 'aborted'
  if ((cause as NodeJS.ErrnoException | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return 'out_of_memory'
  }
  return messageOf(cause).startsWith(THREAD_ENDED) ? 'exit' : 'error'
}

function failure(engine: number, reason: ExitReason, cause: unknown): MoonmeterError {
  const got = `${reason}: ${messageOf(cause)}`
  const message = `engine ${engine}: expected it to return, got ${got}`
  return new MoonmeterError('ENGINE_FAILED', message, { cause })
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
