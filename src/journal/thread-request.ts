import { MessagePort } from 'node:worker_threads'
import type { EngineLink } from './engine-link.js'

/** Marks a message between threads as a request of `connectRecorder`. */
export const THREAD_REQUEST = 'moonmeter:connect'

/** The request of a thread for a link, which is sent back over the port. */
export interface ThreadRequest {
  readonly type: typeof THREAD_REQUEST
  /** The engine's index; undefined for the lowest one that is free. */
  readonly engine: number | undefined
  readonly port: MessagePort
}

export type ThreadReply = { readonly link: EngineLink } | { readonly error: string }

/** Whether a message between threads is such a request; the process may send others. */
export function isThreadRequest(message: unknown): message is ThreadRequest {
  const { type, port } = (message ?? {}) as Partial<ThreadRequest>
  return type === THREAD_REQUEST && port instanceof MessagePort
}
