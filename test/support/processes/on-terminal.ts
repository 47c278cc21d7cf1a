import type { TestContext } from 'node:test'
import { Child, type ChildOptions, type Ended } from './child.js'
import { COMMAND_FILE } from './command.js'
import { isOnPath } from './on-path.js'

/** The reason to skip tests with a terminal; false if they run. */
export const SKIP_TERMINAL =
  process.platform === 'linux' && isOnPath('script')
    ? false
    : "no pseudo-terminal: util-linux's script is absent"

/** Options of the terminal and the command. */
export interface TerminalOptions {
  readonly columns: number
  readonly env?: Readonly<Record<string, string>>
  /** Arguments of Node before the command. */
  readonly nodeArgs?: readonly string[]
  /** The typed text, followed by the end of input; `open` is for {@link Child.type}. */
  readonly input?: ChildOptions['input']
}

/** Variables of the environment that affect colours. */
const COLOUR_VARIABLES = ['NO_COLOR', 'FORCE_COLOR', 'NODE_DISABLE_COLORS', 'COLORTERM', 'CI']

/**
 * Start `moonmeter` with these arguments on a pseudo-terminal; all of its output is standard
 * output.
 */
export function startOnTerminal(
  context: TestContext,
  args: readonly string[],
  { columns, env = {}, nodeArgs = [], input = '' }: TerminalOptions,
): Child {
  const unset = COLOUR_VARIABLES.flatMap((name) => ['-u', name])
  const variables = Object.entries({ TERM: 'xterm-256color', ...env })
  const set = variables.map(([name, value]) => `${name}=${value}`)
  const command = ['env', ...unset, ...set, process.execPath, ...nodeArgs, COMMAND_FILE, ...args]
  const quoted = command.map((word) => `'${word}'`).join(' ')
  // Without echo, what is typed is not in the output. Without `exec`, Ctrl-C would interrupt the
  // shell as well, and dash, which `script` starts where SHELL is not set, then exits with 130.
  const line = `stty columns ${columns} -echo; exec ${quoted}`
  return new Child(context, 'script', ['-qec', line, '/dev/null'], { input })
}

/** Run `moonmeter` with these arguments to its end on a pseudo-terminal. */
export function runOnTerminal(
  context: TestContext,
  args: readonly string[],
  options: TerminalOptions,
): Promise<Ended> {
  return startOnTerminal(context, args, options).end()
}
