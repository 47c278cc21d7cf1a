import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { TestContext } from 'node:test'

const LIFE_MS_MAX = 150_000
/** The index of the processor time in user mode in `/proc/PID/stat`, behind the name, and its unit. */
const UTIME = 11
const TICKS_PER_SECOND = 100

/** The exit and the output of a process. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Options of a process, in addition to its arguments. */
export interface ChildOptions {
  /** Its standard input; empty by default. `open` is for {@link Child.type}. */
  readonly input?: string | Uint8Array | { readonly open: true }
  /** Environment variables in addition to those of this process. */
  readonly env?: Readonly<Record<string, string>>
  /** Its working directory; default that of this process. */
  readonly cwd?: string
  /** Milliseconds after which it is killed. */
  readonly lifeMsMax?: number
}

/** A process of a test, which does not outlive the test. */
export class Child {
  readonly #process: ChildProcess
  readonly #closed: Promise<unknown[]>
  stdout = ''
  stderr = ''

  constructor(
    context: TestContext,
    file: string,
    args: readonly string[],
    { input = '', env = {}, cwd = process.cwd(), lifeMsMax = LIFE_MS_MAX }: ChildOptions = {},
  ) {
    this.#process = spawn(file, args, {
      stdio: 'pipe',
      cwd,
      env: { ...process.env, ...env },
      signal: AbortSignal.timeout(lifeMsMax),
      killSignal: 'SIGKILL',
    })
    this.#closed = once(this.#process, 'close')
    // `end` returns the rejection; without a handler here it would be unhandled until then.
    this.#closed.catch(() => {})
    this.#process.stdout?.setEncoding('utf8').on('data', (text) => {
      this.stdout += text
    })
    this.#process.stderr?.setEncoding('utf8').on('data', (text) => {
      this.stderr += text
    })
    // A command that rejects its options does not read its input.
    this.#process.stdin?.on('error', () => {})
    if (typeof input === 'string' || input instanceof Uint8Array) this.#process.stdin?.end(input)
    context.after(async () => {
      this.#process.kill('SIGKILL')
      await this.#closed.catch(() => {})
    })
  }

  /** Seconds of processor time that it has taken so far; undefined on systems without `/proc`. */
  get cpuSeconds(): number | undefined {
    try {
      const stat = readFileSync(`/proc/${this.#process.pid}/stat`, 'utf8')
      // The name of the program, which may contain spaces, ends with the last parenthesis.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return (Number(fields[UTIME]) + Number(fields[UTIME + 1])) / TICKS_PER_SECOND
    } catch {
      return undefined
    }
  }

  /** Send a signal to the process, by its id. */
  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /** The exit and the output, when the process has ended. */
  async end(): Promise<Ended> {
    const [code, signal] = (await this.#closed) as [number | null, NodeJS.Signals | null]
    return { code, signal, stdout: this.stdout, stderr: this.stderr }
  }

  /** Writes to its standard input, which is open. */
  type(text: string): void {
    this.#process.stdin?.write(text)
  }

  /** Waits for a match of the pattern in standard error. */
  waitForStderr(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#waitFor('stderr', pattern)
  }

  /** Waits for a match of the pattern in standard output. */
  waitForStdout(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#waitFor('stdout', pattern)
  }

  #waitFor(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(this[stream])
        if (match !== null) resolve(match)
      }
      look()
      this.#process[stream]?.on('data', look)
      const fail = () => reject(new Error(`ended without ${pattern}: ${this[stream]}`))
      this.#closed.then(fail, fail)
    })
  }
}
