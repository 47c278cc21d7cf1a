import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

/** A proxy of a NATS server that can hold back the server's answers. */
export interface NatsProxy {
  readonly url: string
  /**
   * Hold back all data of the server after the next time that a client sends the given text.
   *
   * @returns a promise that resolves when the text was sent
   */
  holdAnswersAfter(text: string): Promise<void>
}

/** Starts a proxy that ends with the test. */
export async function startNatsProxy(context: TestContext, serverUrl: string): Promise<NatsProxy> {
  const { hostname, port } = new URL(serverUrl)
  const sockets = new Set<Socket>()
  let trigger: { readonly text: string; readonly onSent: () => void } | undefined
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    let isHeld = false
    let sent = ''
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => other.destroy())
    }
    upstream.on('data', (chunk) => {
      if (!isHeld) client.write(chunk)
    })
    client.on('data', (chunk) => {
      // The text may be in two chunks.
      sent = sent.slice(-(trigger?.text.length ?? 0)) + chunk.toString('latin1')
      if (trigger !== undefined && sent.includes(trigger.text)) {
        isHeld = true
        trigger.onSent()
        trigger = undefined
      }
      upstream.write(chunk)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return {
    url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`,
    holdAnswersAfter: (text) =>
      new Promise((resolve) => {
        trigger = { text, onSent: resolve }
      }),
  }
}
