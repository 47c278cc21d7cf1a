import { emitKeypressEvents } from 'node:readline'
import type { Key } from './controls.js'
import { columnsOf } from './text.js'

/** Enters the alternate screen, hides the cursor, and disables line wrapping. */
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l'
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l'
const HOME = '\u001b[H'
const CLEAR_TO_LINE_END = '\u001b[K'
/** Terminals that support these draw everything between them in one step. */
const BEGIN_UPDATE = '\u001b[?2026h'
const END_UPDATE = '\u001b[?2026l'
/** The size if that of the terminal is unknown. */
const COLUMNS = 80
const ROWS = 24

/** Options of an `AlternateScreen`. */
export interface ScreenOptions {
  readonly output: NodeJS.WriteStream
  /** The source of keys; undefined for none. */
  readonly input: NodeJS.ReadStream | undefined
  readonly onKey: (key: Key) => void
  readonly onResize: () => void
}

/** The alternate screen of a terminal. `close` and the end of the process restore the terminal. */
export class AlternateScreen {
  readonly #options: ScreenOptions
  #isOpen = true
  /**
   * False between a suspension of the process and SIGCONT: timers may run before that signal is
   * handled.
   */
  #isShown = false
  readonly #leave = () => this.close()
  readonly #resume = () => {
    // Another process may have sent SIGSTOP, without `#suspend`; the shell has used the screen
    // since.
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
    // Node prints an uncaught exception after this event, so it is readable.
    process.on('exit', this.#leave)
    this.#enter()
  }

  get columns(): number {
    return this.#options.output.columns || COLUMNS
  }

  get rows(): number {
    return this.#options.output.rows || ROWS
  }

  /** Draw lines, each at most as wide as the screen. */
  draw(lines: readonly string[]): void {
    if (!this.#isShown) return
    // After a line of the full width, the cursor is on its last character, which must not be
    // cleared.
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

  /** Suspend the process for Ctrl-Z, which is not a signal in raw mode. */
  #suspend(): void {
    this.#restore()
    process.kill(process.pid, 'SIGTSTP')
  }
}
