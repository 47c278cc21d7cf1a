import { spawn } from 'node:child_process'

/**
 * Runs a program and its children as one group of processes, which is killed as a whole after a
 * timeout or when this process is interrupted. A thread of Node that is out of memory can hang its
 * process forever; then only SIGKILL ends it.
 *
 * @returns the exit code or signal; undefined for exit code 0
 */
export function runGroup(
  file: string,
  args: readonly string[],
  { env = process.env, msMax }: { readonly env?: NodeJS.ProcessEnv; readonly msMax: number },
): Promise<string | undefined> {
  const child = spawn(file, args, { stdio: 'inherit', env, detached: true })
  const kill = () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }
  const interrupt = () => {
    kill()
    // Other groups are killed by the same signal before this process ends.
    setImmediate(() => process.exit(1))
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt)
  const timer = setTimeout(kill, msMax)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, interrupt)
      resolve(code === 0 ? undefined : (signal ?? `exit code ${code}`))
    })
  })
}
