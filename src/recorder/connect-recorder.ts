import * as threads from 'node:worker_threads'
import { MoonmeterError } from '../errors.js'
import { THREAD_REQUEST, type ThreadReply, type ThreadRequest } from '../journal/thread-request.js'
import { refuseUnknownOptions, requireNumber, requireType } from '../options.js'
import { engineIndex } from '../source-identity.js'
import { createRecorder, type RecorderOptions } from './create-recorder.js'
import type { Recorder } from './recorder.js'

/** Milliseconds within which the other thread must answer a request. */
const TIMEOUT_MS = 10_000
/** The main thread is 0. */
const THREAD_ID = { fallback: 0, min: 0, max: Number.MAX_SAFE_INTEGER, integer: true }

/** Options of `connectRecorder`; each has a default. */
export interface ConnectOptions extends RecorderOptions {
  /** The engine's index; default the lowest index that no running thread has. */
  readonly engine?: number
  /** The id of the thread that runs the aggregator; default 0, the main thread. */
  readonly threadId?: number
}

/**
 * Start recording on a thread that another library started, such as Piscina. The thread requests a
 * link from the thread that runs the aggregator, which answers after a call of
 * `EngineAggregator.acceptThreads`. Call this once per thread. When the thread ends, the next
 * thread that connects gets its engine index, with the next incarnation.
 *
 * @throws MoonmeterError `INVALID_LINK` when the other thread does not accept threads, or has no
 * free engine index; `INVALID_ENGINE`; `INVALID_OPTION`
 */
export async function connectRecorder(options: ConnectOptions = {}): Promise<Recorder> {
  refuseUnknownOptions('connectRecorder', options, ['engine', 'threadId', 'now', 'traceId'])
  const { now, traceId } = options
  const threadId = requireNumber('threadId', THREAD_ID, options.threadId)
  requireType('now', 'function', now)
  requireType('traceId', 'function', traceId)
  const engine = options.engine === undefined ? undefined : engineIndex(options.engine)
  const { port1, port2 } = new threads.MessageChannel()
  let timer: NodeJS.Timeout | undefined
  // The listener keeps the thread alive until the answer arrives.
  const answer = new Promise<ThreadReply>((resolve) => {
    port1.on('message', resolve)
    const noAnswer = () => resolve({ error: 'no answer' })
    port1.on('close', noAnswer)
    timer = setTimeout(noAnswer, TIMEOUT_MS)
  })
  try {
    await send(threadId, { type: THREAD_REQUEST, engine, port: port2 })
    const reply = await answer
    if ('link' in reply) {
      return createRecorder(reply.link, { ...(now && { now }), ...(traceId && { traceId }) })
    }
    throw refusal(threadId, reply.error)
  } finally {
    clearTimeout(timer)
    port1.close()
  }
}

async function send(threadId: number, request: ThreadRequest): Promise<void> {
  // Some runtimes do not have `postMessageToThread`.
  const { postMessageToThread } = threads as Partial<typeof threads>
  if (postMessageToThread === undefined) {
    throw refusal(threadId, 'a runtime without worker_threads.postMessageToThread')
  }
  try {
    await postMessageToThread(threadId, request, [request.port], TIMEOUT_MS)
  } catch (cause) {
    throw refusal(threadId, (cause as Error).message, cause)
  }
}

function refusal(threadId: number, got: string, cause?: unknown): MoonmeterError {
  return new MoonmeterError(
    'INVALID_LINK',
    `connectRecorder: expected thread ${threadId} to answer with a link, got: ${got}; ` +
      'call aggregator.acceptThreads() there before the threads start',
    { cause },
  )
}
