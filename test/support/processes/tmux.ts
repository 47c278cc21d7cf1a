import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { COMMAND_FILE, temporaryDirectory } from './command.js'
import { skipWithout } from './on-path.js'
import { waitUntil } from './wait-until.js'

const run = promisify(execFile)
/**
 * The only variables taken from the environment, without settings of colours and the user's shell.
 */
const ENVIRONMENT = ['PATH', 'HOME', 'TMPDIR'] as const
const TERM = 'tmux-256color'

/** The reason to skip tests with tmux; false if they run. */
export const SKIP_TMUX = skipWithout('tmux')

/** The size of a terminal, and variables of the program in it. */
export interface TmuxOptions {
  readonly columns?: number
  readonly rows?: number
  readonly env?: Readonly<Record<string, string>>
}

/** A terminal with a program, whose screen a test can read. */
export class TmuxTerminal {
  readonly #socket: string

  private constructor(socket: string) {
    this.#socket = socket
  }

  /** Start a program; the terminal is closed after the test. */
  static async start(
    context: TestContext,
    command: readonly string[],
    { columns = 80, rows = 24, env = {} }: TmuxOptions = {},
  ): Promise<TmuxTerminal> {
    const started: TmuxTerminal[] = []
    // Registered before the removal of the directory, whose socket is needed to end the server.
    context.after(() => Promise.all(started.map((terminal) => terminal.#end())))
    const directory = temporaryDirectory(context)
    const config = join(directory, 'tmux.conf')
    writeFileSync(config, 'set -g remain-on-exit on\nset -g status off\n')
    const terminal = new TmuxTerminal(join(directory, 'socket'))
    started.push(terminal)
    const variables = { TERM, LC_ALL: 'C.UTF-8', ...env }
    const kept = ENVIRONMENT.flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [`${name}=${value}`]
    })
    const set = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
    await terminal.#tmux(
      ...['-f', config, 'new-session', '-d', '-x', String(columns), '-y', String(rows)],
      ...['--', 'env', '-i', ...kept, ...set, ...command],
    )
    return terminal
  }

  /** Type keys as tmux names them, such as `q`, `C-c` and `Down`. */
  async press(...keys: readonly string[]): Promise<void> {
    await this.#tmux('send-keys', '--', ...keys)
  }

  /** Type a text. */
  async type(text: string): Promise<void> {
    await this.#tmux('send-keys', '-l', '--', text)
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux('resize-window', '-x', String(columns), '-y', String(rows))
  }

  /** The lines of the screen. */
  async lines(): Promise<string[]> {
    return (await this.#tmux('capture-pane', '-p')).replace(/\n$/, '').split('\n')
  }

  /** The screen with escape sequences for colours. */
  styled(): Promise<string> {
    return this.#tmux('capture-pane', '-p', '-e')
  }

  /** Waits for a match of the pattern on the screen. */
  async waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    try {
      return await waitUntil(`${pattern} on the screen`, async () => {
        const match = pattern.exec((await this.lines()).join('\n'))
        return match ?? undefined
      })
    } catch (error) {
      throw new Error(`${(error as Error).message}:\n${(await this.lines()).join('\n')}`)
    }
  }

  /** A format of tmux, such as `#{alternate_on}`. */
  async format(format: string): Promise<string> {
    return (await this.#tmux('display-message', '-p', format)).trim()
  }

  /**
   * Assert that a command of {@link thenReport} ended with a code and left the terminal as it was:
   * out of the alternate screen, with its cursor, wrapping lines, and out of raw mode.
   *
   * @returns the text on the screen
   */
  async assertLeft(code: number): Promise<string> {
    await this.waitFor(new RegExp(`^code ${code}$`, 'm'))
    // Both are among the last lines of `stty -a`.
    await this.waitFor(/(?<!-)icanon (.*\n)*.*(?<!-)echo /)
    const state = await this.format('#{alternate_on} #{cursor_flag} #{wrap_flag}')
    assert.equal(state, '0 1 1')
    const text = (await this.lines()).join('\n')
    assert.doesNotMatch(text, / ops\/s /)
    return text
  }

  /** End the server and its program. A server that did not start is ignored. */
  async #end(): Promise<void> {
    await this.#tmux('kill-server').catch(() => {})
  }

  async #tmux(...args: readonly string[]): Promise<string> {
    const env = { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' }
    const { stdout } = await run('tmux', ['-S', this.#socket, ...args], { env })
    return stdout
  }
}

/**
 * A shell command that runs `moonmeter`, and prints its exit code and the settings of the terminal.
 */
export function thenReport(args: readonly string[], nodeArgs: readonly string[] = []): string[] {
  const words = [process.execPath, ...nodeArgs, COMMAND_FILE, ...args]
  const line = `trap : INT; ${words.map((word) => `'${word}'`).join(' ')}; echo "code $?"; stty -a; exec cat`
  return ['sh', '-c', line]
}
