/**
 * The file that Piscina loads on a thread. It is CommonJS, since Piscina calls `require` first, and
 * in Node 20 and 22 a thread that is terminated while `require` links a module of this package ends
 * the process: `FATAL ERROR: v8::Module::IsGraphAsync`.
 */

import type { ThreadOutcome, ThreadTask } from './engine-thread.js' with {
  'resolution-mode': 'import',
}

// Loaded when the thread starts, before it gets its first task.
const loading = import('./engine-thread.js')
// The task awaits this promise, and fails with its reason. Until then it has this handler.
loading.catch(() => {})

async function runIncarnation(task: ThreadTask): Promise<ThreadOutcome> {
  const thread = await loading
  return thread.runIncarnation(task)
}

module.exports = { runIncarnation }
