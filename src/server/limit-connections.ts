import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { overSignal } from './response-over.js'

/** At most so many connections are left out of the count, since each takes memory. */
const UNCOUNTED_MAX = 1_024

/**
 * Keep at most so many connections of a server: past that, the one is closed that has waited longest
 * for a request. So connections without requests do not keep others out.
 *
 * @returns takes the connection of a request out of the count until its response is over
 */
export function limitConnections(
  server: Server,
  connectionsMax: number,
): (request: IncomingMessage, response: ServerResponse) => void {
  const open = new Set<Socket>()
  /** Connections without a request that is being answered, the longest idle first. */
  const idle = new Set<Socket>()
  /** Per connection its requests that are being answered: there may be several, one after another. */
  const answering = new Map<Socket, number>()
  /** The same for requests whose connections do not count. */
  const uncounted = new Map<Socket, number>()
  server.on('connection', (socket) => {
    open.add(socket)
    idle.add(socket)
    socket.once('close', () => {
      open.delete(socket)
      idle.delete(socket)
      answering.delete(socket)
      uncounted.delete(socket)
    })
    for (const longest of idle) {
      if (open.size - uncounted.size <= connectionsMax) break
      open.delete(longest)
      idle.delete(longest)
      longest.destroy()
    }
  })
  server.on('request', ({ socket }, response) => {
    idle.delete(socket)
    add(answering, socket, 1)
    response.once('close', () => {
      if (add(answering, socket, -1) === 0 && open.has(socket)) idle.add(socket)
    })
  })
  return (request, response) => {
    const { socket } = request
    if (!uncounted.has(socket) && uncounted.size >= UNCOUNTED_MAX) return
    add(uncounted, socket, 1)
    overSignal(request, response).addEventListener('abort', () => add(uncounted, socket, -1), {
      once: true,
    })
  }
}

/** Add to a count and drop it at zero; a connection that has closed has no counts any more. */
function add(counts: Map<Socket, number>, socket: Socket, change: 1 | -1): number {
  const count = (counts.get(socket) ?? 0) + change
  if (count > 0) counts.set(socket, count)
  else counts.delete(socket)
  return count
}
