import { MessagePort } from 'node:worker_threads'
import type { EngineLink } from './engine-link.js'

/** Marks a message between threads as a request of `connectRecorder`. */
export const THREAD_REQUEST = 'moonmeter:connect'

/** The request of a thread for a link. The answer is sent over the port. */
export interface ThreadRequest {
  readonly type: typeof THREAD_REQUEST
  /** The engine's index; undefined to get the lowest free one. */
  readonly engine: number | undefined
  readonly port: MessagePort
}

export type ThreadReply = { readonly link: EngineLink } | { readonly error: string }

/** Whether a message between threads is a `ThreadRequest`: other code may send other messages. */
export function isThreadRequest(message: unknown): message is ThreadRequest {
  const { type, port } = (message ?? {}) as Partial<ThreadRequest>
  return type === THREAD_REQUEST && port instanceof MessagePort
}
