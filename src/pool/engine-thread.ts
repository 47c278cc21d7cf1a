/**
 * The file that a pool's threads run. It imports the engine's own file only when it has a task: if
 * a file failed to load while Piscina starts a thread, the next task would wait forever.
 */

import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'
import { MoonmeterError } from '../errors.js'
import type { EngineLink } from '../journal/engine-link.js'
import { createRecorder } from '../recorder/create-recorder.js'
import type { Recorder } from '../recorder/recorder.js'

/** The argument of an engine's function. */
export interface EngineContext<Task = unknown> {
  /** The engine's index, a non-negative integer. */
  readonly engine: number
  /** The number of this incarnation (one run of the engine), from 1. */
  readonly incarnation: number
  /** Records the engine's calls; the pool closes it when the function returns or throws. */
  readonly recorder: Recorder
  /** A structured clone of what the pool's `task` option returned for this incarnation. */
  readonly task: Task
  /**
   * Aborted when the engine is to stop; a loop that never yields reads `recorder.stopRequested`.
   */
  readonly signal: AbortSignal
}

/** The function that the file of a pool exports; an incarnation ends when it returns or throws. */
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

/**
 * Runs one incarnation of an engine.
 *
 * @returns what the engine's function returned
 * @throws MoonmeterError `INVALID_OPTION` when the file does not export the function; and what the
 * file or the function throws
 */
export async function runIncarnation({ filename, name, link, task }: ThreadTask): Promise<unknown> {
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
