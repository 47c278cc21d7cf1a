import { COMMAND_FILE } from './command.js'

/**
 * Runs the command once for each list of arguments in `BATCH`, one after the other in this process,
 * and prints the result of each as JSON. Separate processes would spend most of their time loading
 * the same modules.
 */

/** How a command line ended. */
export interface BatchEnd {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

type Stream = 'stdout' | 'stderr'

const lines: readonly (readonly string[])[] = JSON.parse(process.argv[2] ?? '[]')
const print = process.stdout.write.bind(process.stdout)
const ends: BatchEnd[] = []
for (const stream of ['stdout', 'stderr'] as const) process[stream].setMaxListeners(0)
for (const [index, line] of lines.entries()) ends.push(await run(index, line))
print(JSON.stringify(ends))

async function run(index: number, line: readonly string[]): Promise<BatchEnd> {
  const written = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) capture(stream, written)
  process.argv = [process.execPath, COMMAND_FILE, ...line]
  process.exitCode = 0
  // The query makes it a different module, so that it runs again.
  await import(`${COMMAND_FILE}?${index}`)
  const end = { code: Number(process.exitCode), ...written }
  process.exitCode = 0
  return end
}

function capture(stream: Stream, written: Record<Stream, string>): void {
  process[stream].write = (chunk: string | Uint8Array) => {
    written[stream] += chunk
    return true
  }
}
