import { callSafely } from '../call-safely.js'
import type { EngineLink } from '../journal/engine-link.js'
import { isThreadRequest, type ThreadReply } from '../journal/thread-request.js'

/**
 * Answers the requests for links that threads send by `connectRecorder`.
 *
 * @see https://nodejs.org/api/worker_threads.html#worker_threadspostmessagetothreadthreadid-value-transferlist-timeout
 */
export class ThreadAcceptor {
  readonly #connect: (engine: number | undefined) => EngineLink
  readonly #listener = (message: unknown) => this.#receive(message)

  /** @param connect begins an incarnation of an engine, or of a free one for `undefined` */
  constructor(connect: (engine: number | undefined) => EngineLink) {
    this.#connect = connect
    process.on('workerMessage', this.#listener)
  }

  close(): void {
    process.off('workerMessage', this.#listener)
  }

  #receive(message: unknown): void {
    if (!isThreadRequest(message)) return
    const { port, engine } = message
    callSafely('acceptThreads', () => {
      try {
        const link = this.#connect(engine)
        const reply: ThreadReply = { link }
        port.postMessage(reply, [...link.transferList])
      } catch (error) {
        const reply: ThreadReply = { error: error instanceof Error ? error.message : String(error) }
        port.postMessage(reply)
      } finally {
        port.close()
      }
    })
  }
}
