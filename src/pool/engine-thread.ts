/**
 * The file a pool's threads run. It loads the engine's own file only when it has a task: a file
 * that fails while Piscina starts a thread would leave the next task waiting for ever.
 */

import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'
import { MoonmeterError } from '../errors.js'
import type { EngineLink } from '../journal/engine-link.js'
import { createRecorder } from '../recorder/create-recorder.js'
import type { Recorder } from '../recorder/recorder.js'

/** What an engine's function is called with. */
export interface EngineContext<Task = unknown> {
  /** The engine's index. */
  readonly engine: number
  /** Which life of the engine this is, from 1. */
  readonly incarnation: number
  /** Where the engine records; closed by the pool when the function is done. */
  readonly recorder: Recorder
  /** What the pool's `task` option answered for this engine. */
  readonly task: Task
  /** Aborted when the engine is to stop; in a loop, `recorder.stopRequested` tells the same. */
  readonly signal: AbortSignal
}

/** An engine: what the file of a pool exports. Its life ends when it returns or throws. */
export type EngineFunction<Task = unknown, Result = unknown> = (
  context: EngineContext<Task>,
) => Result | Promise<Result>

/** What the pool sends to a thread. */
export interface ThreadTask {
  readonly filename: string
  readonly name: string
  readonly link: EngineLink
  readonly task: unknown
}

/** Run one life of an engine. */
export async function live({ filename, name, link, task }: ThreadTask): Promise<unknown> {
  const recorder = createRecorder(link)
  try {
    const url = isAbsolute(filename) ? pathToFileURL(filename).href : filename
    const { [name]: run } = (await import(url)) as Record<string, unknown>
    if (typeof run !== 'function') {
      throw new MoonmeterError(
        'INVALID_OPTION',
        `engine file ${filename}: expected an exported function '${name}', got ${typeof run}`,
      )
    }
    const { engine, incarnation } = link
    const context: EngineContext = { engine, incarnation, recorder, task, signal: recorder.signal }
    return await (run as EngineFunction)(context)
  } finally {
    recorder.close()
  }
}
