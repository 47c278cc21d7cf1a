/**
 * Sends GET requests for its parent, from the network namespace of this process. It ends with its
 * parent.
 */
import { getText } from './host.js'

const REQUEST_MS_MAX = 30_000

/** A request of the parent. */
export interface AskedRequest {
  readonly id: number
  readonly url: string
}

/** The answer to a request: the body, or the error. */
export type RequestAnswer = { readonly id: number } & (
  | { readonly text: string }
  | { readonly error: string }
)

process.on('message', ({ id, url }: AskedRequest) => {
  const answer = (result: { readonly text: string } | { readonly error: string }) => {
    // The parent may have ended meanwhile.
    if (process.connected) process.send?.({ id, ...result } satisfies RequestAnswer)
  }
  getText(url, AbortSignal.timeout(REQUEST_MS_MAX)).then(
    (text) => answer({ text }),
    (error: unknown) => answer({ error: String(error) }),
  )
})
process.once('disconnect', () => process.exit())
