import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

/** A connection on which a test writes HTTP by hand. */
export interface RawClient {
  readonly socket: Socket
  /** All received bytes. */
  received(): Buffer
  /** Resolves with all received bytes when the connection has closed. */
  readonly closed: Promise<Buffer>
}

/** Connects to a server of the test. */
export function openClient(context: Pick<TestContext, 'after'>, url: string): RawClient {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const chunks: Buffer[] = []
  const received = () => Buffer.concat(chunks)
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  // The server may close a connection during a write.
  socket.on('error', () => {})
  const closed = new Promise<Buffer>((resolve) => {
    socket.on('close', () => resolve(received()))
  })
  context.after(() => socket.destroy())
  return { socket, received, closed }
}

/** Milliseconds between two reads of a slow client, each of at most 64 KiB. */
const PAUSE_MS = 5
/**
 * Milliseconds without progress after which the server of a slow client closes the connection. The
 * client must read some MiB until the server can write again, which takes a tenth of this time on
 * an idle machine.
 */
export const SLOW_STALL_MS = 1_000
/** Milliseconds for which a client reads slowly: longer than the stall time-out. */
const SLOW_MS = 1.5 * SLOW_STALL_MS

/** Reads slowly for longer than the stall time-out, and then the rest at full speed. */
export function readSlowly({ socket }: RawClient): void {
  const endMs = performance.now() + SLOW_MS
  socket.on('data', () => {
    if (performance.now() > endMs) return
    socket.pause()
    setTimeout(() => socket.resume(), PAUSE_MS)
  })
}

/** A received response. */
export interface RawResponse {
  readonly status: number
  readonly headers: string
  readonly body: Buffer
}

const HEAD_END = Buffer.from('\r\n\r\n')

/** Parses the complete responses at the beginning of some bytes; all have a `Content-Length`. */
export function parseResponses(bytes: Buffer, method = 'GET'): RawResponse[] {
  const responses: RawResponse[] = []
  let at = 0
  for (;;) {
    const headEnd = bytes.indexOf(HEAD_END, at)
    if (headEnd < 0) return responses
    const headers = bytes.subarray(at, headEnd).toString('latin1')
    const [, status = ''] = /^HTTP\/1\.1 (\d{3}) /.exec(headers) ?? []
    const [, length = '0'] = /\r\ncontent-length: (\d+)/i.exec(headers) ?? []
    const start = headEnd + HEAD_END.length
    const end = start + (method === 'HEAD' ? 0 : Number(length))
    if (status === '') throw new Error(`no response: ${headers.slice(0, 200)}`)
    if (end > bytes.length) return responses
    responses.push({ status: Number(status), headers, body: bytes.subarray(start, end) })
    at = end
  }
}
