/**
 * The file that a pool's threads run. It imports the engine's file only with the first task: if a
 * file fails to load while Piscina starts a thread, the next task waits forever.
 */

import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { MessagePort } from 'node:worker_threads'
// Imported by the name of the package, so that the engine's file loads the same module.
import { createRecorder, type Recorder } from 'moonmeter/recorder'
import { messageOf } from '../describe.js'
import { MoonmeterError } from '../errors.js'
import type { EngineLink } from '../journal/engine-link.js'

/** The argument of an engine's function. */
export interface EngineContext<Task = unknown> {
  /** The engine's index, a non-negative integer. */
  readonly engine: number
  /** The number of this incarnation (one run of the engine), from 1. */
  readonly incarnation: number
  /** Records the engine's calls; the pool closes it when the function returns or throws. */
  readonly recorder: Recorder
  /** A structured clone of the result of the pool's option `task` for this incarnation. */
  readonly task: Task
  /**
   * Aborts when the engine should stop. A loop that never yields reads `recorder.stopRequested`
   * instead.
   */
  readonly signal: AbortSignal
}

/** The function that the file of a pool exports; an incarnation ends when it returns or throws. */
export type EngineFunction<Task = unknown, Result = unknown> = (
  context: EngineContext<Task>,
) => Result | Promise<Result>

/** The message of the pool to a thread. */
export interface ThreadTask {
  readonly filename: string
  readonly name: string
  readonly link: EngineLink
  readonly task: unknown
  /** Closes when the incarnation or its thread ends. */
  readonly lifeline: MessagePort
}

/**
 * The end of an incarnation whose thread still runs. It can always be cloned: a value that Piscina
 * cannot post ends the thread, and Piscina treats an error that is `null` as a result.
 */
export type ThreadOutcome =
  | { readonly state: 'returned'; readonly result: unknown }
  | { readonly state: 'threw'; readonly thrown: unknown }

/** Runs one incarnation of an engine. */
export async function runIncarnation(threadTask: ThreadTask): Promise<ThreadOutcome> {
  try {
    return { state: 'returned', result: structuredClone(await runEngine(threadTask)) }
  } catch (thrown) {
    return { state: 'threw', thrown: cloneThrown(thrown) }
  } finally {
    threadTask.lifeline.close()
  }
}

/**
 * Runs the engine's function.
 *
 * @throws MoonmeterError `INVALID_OPTION` when the file does not export the function; and any error
 * of the file or the function
 */
async function runEngine({ filename, name, link, task }: ThreadTask): Promise<unknown> {
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
    const context: EngineContext = {
      engine,
      incarnation,
      recorder,
      task,
      // A getter, so that a signal is created only if it is used: with thousands of engines on a
      // thread, creating and aborting all signals takes a tenth of the time of a stop.
      get signal() {
        return recorder.signal
      },
    }
    return await (run as EngineFunction)(context)
  } finally {
    recorder.close()
  }
}

/**
 * A clone of the thrown value; for an error that cannot be cloned as an error, an `Error` with its
 * text.
 */
function cloneThrown(thrown: unknown): unknown {
  try {
    const clone: unknown = structuredClone(thrown)
    // Node 20 clones a DOMException, such as that of an aborted signal, as an empty object.
    if (clone instanceof Error || !(thrown instanceof Error)) return clone
  } catch {
    // The value contains a function, or a getter threw.
  }
  return new Error(messageOf(thrown))
}
