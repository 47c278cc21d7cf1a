import { emitKeypressEvents } from 'node:readline'
import type { Key } from './controls.js'
import { columnsOf } from './text.js'

/** Enters the alternate screen, hides the cursor, and wraps no lines. */
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l'
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l'
const HOME = '\u001b[H'
const CLEAR_TO_LINE_END = '\u001b[K'
/** Terminals that support these draw everything between them in one step. */
const BEGIN_UPDATE = '\u001b[?2026h'
const END_UPDATE = '\u001b[?2026l'
/** The size where the terminal tells none. */
const COLUMNS = 80
const ROWS = 24

/** What a screen is made of. */
export interface ScreenOptions {
  readonly output: NodeJS.WriteStream
  /** Where keys come from; undefined for none. */
  readonly input: NodeJS.ReadStream | undefined
  readonly onKey: (key: Key) => void
  readonly onResize: () => void
}

/**
 * The alternate screen of a terminal. It is left, and the terminal as it was before, by `close` and
 * at the end of the process.
 */
export class AlternateScreen {
  readonly #options: ScreenOptions
  #isOpen = true
  /** False from a stop of the program to SIGCONT: timers may run before that signal is handled. */
  #isShown = false
  readonly #leave = () => this.close()
  readonly #resume = () => {
    // Another process may have stopped this one, without `#suspend`; a shell had the screen then.
    this.#isShown = false
    this.#enter()
  }
  readonly #press = (_: string | undefined, key: Key) => {
    if (key.ctrl === true && key.name === 'z') this.#suspend()
    else this.#options.onKey(key)
  }

  constructor(options: ScreenOptions) {
    this.#options = options
    const { output, input } = options
    if (input !== undefined) emitKeypressEvents(input)
    output.on('resize', options.onResize)
    input?.on('keypress', this.#press)
    process.on('SIGCONT', this.#resume)
    // Node prints an exception that nothing catches after this event, so that it can be read.
    process.on('exit', this.#leave)
    this.#enter()
  }

  get columns(): number {
    return this.#options.output.columns || COLUMNS
  }

  get rows(): number {
    return this.#options.output.rows || ROWS
  }

  /** Show lines, each at most as wide as the screen. */
  draw(lines: readonly string[]): void {
    if (!this.#isShown) return
    // After a line of the whole width, the cursor is still on its last character.
    const cleared = lines.map((line) =>
      columnsOf(line) < this.columns ? line + CLEAR_TO_LINE_END : line,
    )
    this.#options.output.write(BEGIN_UPDATE + HOME + cleared.join('\r\n') + END_UPDATE)
  }

  /** Leave the screen. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    const { output, input, onResize } = this.#options
    output.off('resize', onResize)
    input?.off('keypress', this.#press)
    process.off('SIGCONT', this.#resume)
    process.off('exit', this.#leave)
    this.#restore()
  }

  #enter(): void {
    if (this.#isShown) return
    this.#isShown = true
    const { output, input, onResize } = this.#options
    output.write(ENTER)
    input?.setRawMode(true)
    input?.resume()
    onResize()
  }

  #restore(): void {
    if (!this.#isShown) return
    this.#isShown = false
    const { output, input } = this.#options
    input?.setRawMode(false)
    input?.pause()
    output.write(LEAVE)
  }

  /** What Ctrl-Z does where the terminal does not turn it into a signal. */
  #suspend(): void {
    this.#restore()
    process.kill(process.pid, 'SIGTSTP')
  }
}
