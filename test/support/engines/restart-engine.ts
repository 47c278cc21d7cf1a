/** An engine whose first incarnation fails; the next ones wait until a stop is requested. */

import { once } from 'node:events'
import type { EngineContext } from '../../../src/index.js'

/** Fails, then waits. */
export async function failAtFirst({ incarnation, signal }: EngineContext): Promise<void> {
  if (incarnation === 1) throw new Error('the first incarnation fails')
  // A timer, since neither a port nor a signal keeps a thread alive.
  const timer = setInterval(() => {}, 1e6)
  if (!signal.aborted) await once(signal, 'abort')
  clearInterval(timer)
}
