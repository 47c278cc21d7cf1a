import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes of a MiB. */
export const MIB = 2 ** 20
/** Turns of the event loop after which ended ports and threads have released their memory. */
const TURNS = 5

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** The memory of a process after a garbage collection, in bytes. */
export interface Memory {
  /** The heap and its external memory: buffers, shared ones included. */
  readonly heap: number
  readonly rss: number
}

/** Collect the garbage and measure. */
export async function memoryInUse(): Promise<Memory> {
  for (let index = 0; index < TURNS; index++) {
    collect()
    await turn()
  }
  collect()
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage()
  return { heap: heapUsed + arrayBuffers, rss }
}

/** Bytes as MiB, for figures that a test prints. */
export function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(2)} MiB`
}

/** The median of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[sorted.length >> 1] ?? Number.NaN
}
