import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { overSignal } from './response-over.js'

/**
 * Keep at most so many connections of a server: past that, the one is closed that has waited longest
 * for a request. So connections without requests do not keep others out.
 *
 * @returns takes a connection out of the count until the response is over
 */
export function limitConnections(
  server: Server,
  connectionsMax: number,
): (request: IncomingMessage, response: ServerResponse) => void {
  /** Connections without a request that is being answered, the longest idle first. */
  const idle = new Set<Socket>()
  let open = 0
  server.on('connection', (socket) => {
    open++
    idle.add(socket)
    socket.once('close', () => {
      open--
      idle.delete(socket)
    })
    if (open <= connectionsMax) return
    for (const longest of idle) {
      longest.destroy()
      break
    }
  })
  server.on('request', ({ socket }, response) => {
    idle.delete(socket)
    response.once('close', () => {
      if (!socket.destroyed) idle.add(socket)
    })
  })
  return (request, response) => {
    open--
    overSignal(request, response).addEventListener('abort', () => open++, { once: true })
  }
}
