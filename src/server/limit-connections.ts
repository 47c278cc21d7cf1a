import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { overSignal } from './response-over.js'

/** Maximum number of connections that are not counted, since each takes memory. */
const UNCOUNTED_MAX = 1_024

/**
 * Limit the number of connections of a server. Past the limit, the connection that has been idle
 * for longest is closed, so that idle connections do not block others.
 *
 * @returns a function that excludes the connection of a request from the count until its response
 * ends
 */
export function limitConnections(
  server: Server,
  connectionsMax: number,
): (request: IncomingMessage, response: ServerResponse) => void {
  const open = new Set<Socket>()
  /** Idle connections, the longest idle first. */
  const idle = new Set<Socket>()
  /** Number of unanswered requests per connection, which may be several because of pipelining. */
  const answering = new Map<Socket, number>()
  /** Number of unanswered requests per connection that is not counted. */
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

/** Change a count, and remove it at zero. A closed connection has no counts. */
function add(counts: Map<Socket, number>, socket: Socket, change: 1 | -1): number {
  const count = (counts.get(socket) ?? 0) + change
  if (count > 0) counts.set(socket, count)
  else counts.delete(socket)
  return count
}
