import { setImmediate as turn } from 'node:timers/promises'
import { isMainThread, workerData } from 'node:worker_threads'
import { createRecorder, type EngineLink } from '../../../src/recorder/index.js'

/** The way in which an incarnation ends; `loop` runs until the test ends it. */
export type EndingFromInside = 'exit' | 'throw' | 'reject' | 'memory' | 'loop'

/** The task of an engine of the chaos tests. */
export interface ChaosTask {
  readonly link: EngineLink
  readonly ending: EndingFromInside
  /** Milliseconds of recording before the incarnation ends itself. */
  readonly endAfterMs: number
  /** The engine's own counts: two counters, of rows begun and of rows done. */
  readonly counters: SharedArrayBuffer
  /** Whether to record without ever yielding to the event loop. */
  readonly busy: boolean
}

const STATUSES = ['ok', 'partial_failure', 'error']
const OPERATIONS = ['lookup_exists', 'load_get', 'save_exists', 'save_put']
const ROWS_PER_LOOK = 500

if (!isMainThread && (workerData as ChaosTask | undefined)?.link !== undefined) {
  await run(workerData as ChaosTask)
}

/** Record at full speed until the incarnation ends. */
export async function run(task: ChaosTask): Promise<void> {
  const recorder = createRecorder(task.link)
  const handles = OPERATIONS.map((operation) => recorder.operation(operation))
  const counters = new Float64Array(task.counters)
  const endMs = performance.now() + task.endAfterMs
  for (let row = 0; ; ) {
    for (let look = 0; look < ROWS_PER_LOOK; look++, row++) {
      counters[0] += 1
      handles[row & 3]?.record(1e-6 * (row % 1000), 3, 4096, STATUSES[row % 3], row % 2)
      counters[1] += 1
    }
    if (performance.now() >= endMs) end(task.ending)
    if (!task.busy) await turn()
  }
}

function end(ending: EndingFromInside): void {
  if (ending === 'exit') process.exit(0)
  if (ending === 'throw') throw new Error('chaos')
  // Not awaited, so that the unhandled rejection ends the thread some turns later.
  if (ending === 'reject') void Promise.reject(new Error('chaos'))
  if (ending === 'memory') fillMemory()
}

/** Fills memory with large arrays, for which every version of Node ends only the thread. */
function fillMemory(): never {
  const hoard: unknown[] = []
  for (;;) hoard.push(new Array(200_000).fill(hoard.length))
}
