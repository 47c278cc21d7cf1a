/**
 * Sends the GET requests that its parent asks for, from the network namespace that it runs in: the
 * parent is in another one. It ends with its parent.
 */
import { getText } from './host.js'

const REQUEST_MS_MAX = 30_000

/** A request of the parent. */
export interface AskedRequest {
  readonly id: number
  readonly url: string
}

/** The answer to it: the body, or why there is none. */
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
