import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { Child, type ChildOptions } from './child.js'

/** A host for processes of a test: this host, or one of a network of namespaces. */
export interface Host {
  /** The address of the host for other hosts of the test. */
  readonly address: string
  /** Starts a process there. */
  start(file: string, args: readonly string[], options?: ChildOptions): Child
  /** The body of the response to a GET request; rejects if the status is not 200. */
  get(url: string): Promise<string>
}

/** The host of the test itself, by its loopback address. */
export function localHost(context: TestContext): Host {
  return {
    address: '127.0.0.1',
    start: (file, args, options) => new Child(context, file, args, options),
    get: getText,
  }
}

/**
 * The body of the response to a GET request; rejects if the status is not 200. Each request has a
 * new connection: a server may close an idle one while the next request is sent.
 */
export async function getText(url: string, signal?: AbortSignal): Promise<string> {
  const request = get(url, { agent: false, ...(signal !== undefined && { signal }) })
  // An aborted response also rejects the read of its body.
  request.on('error', () => {})
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const body = await text(response)
  if (response.statusCode !== 200) throw new Error(`${url}: ${response.statusCode} ${body}`)
  return body
}
