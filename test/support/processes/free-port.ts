import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Ports below the ephemeral range (Linux from 32,768, macOS from 49,152), from which the system
 * assigns ports to other tests and connections.
 */
const PORT_MIN = 20_000
const PORT_END = 32_000
const ATTEMPTS_MAX = 100
/** Ports that were already returned; their programs may not listen yet. */
const given = new Set<number>()

/** Returns a port of this host on which no program listens. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const port = randomInt(PORT_MIN, PORT_END)
    if (given.has(port)) continue
    const server = createServer().listen(port, '127.0.0.1')
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (!isFree) continue
    given.add(port)
    server.close()
    await once(server, 'close')
    return port
  }
  throw new Error(`expected a free port from ${PORT_MIN} to ${PORT_END}, found none`)
}
