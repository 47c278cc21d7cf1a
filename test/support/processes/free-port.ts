import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Ports below those that systems give to programs that ask for any: Linux from 32,768 on, macOS from
 * 49,152 on. Servers of other tests ask for any, and would take a port before it is used.
 */
const PORT_MIN = 20_000
const PORT_END = 32_000
const ATTEMPTS_MAX = 100
/** Ports that were given already: the programs that are to listen there may not do so yet. */
const given = new Set<number>()

/** A port of this host that no program listens on at this moment. */
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
