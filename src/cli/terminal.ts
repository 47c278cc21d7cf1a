import { styleText } from 'node:util'
import { formatInteger } from './units.js'

/** The width of an output of unknown width, such as a file. */
const COLUMNS = 80
/** Minimum width of lines; they wrap on a narrower terminal. */
const COLUMNS_MIN = 60
/** Clears the cursor's line and moves the cursor to its start. */
const CLEAR_LINE = '\r\u001b[2K'
/** Maximum number of lines that are held during a screen; the oldest are dropped. */
const HELD_LINES_MAX = 1_000

/** The format of the output to a stream. */
export interface OutputStyle {
  /** The width in characters. */
  readonly width: number
  /** Emphasizes a heading if the stream has colours and `NO_COLOR` is not set. */
  heading(text: string): string
}

/** The width of an output: that of the terminal, at least 60; 80 if it is unknown. */
export function widthOfOutput(stream: NodeJS.WriteStream): number {
  return Math.max((stream.isTTY && stream.columns) || COLUMNS, COLUMNS_MIN)
}

/**
 * Whether a stream is a terminal that supports control sequences, so that lines can be rewritten.
 */
export function canRewrite(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && process.env.TERM !== 'dumb'
}

/** The style of an output. */
export function styleOfOutput(stream: NodeJS.WriteStream): OutputStyle {
  return {
    width: widthOfOutput(stream),
    // One format per call: with several, Node 20 ignores NO_COLOR.
    heading: (text) => styleText('bold', text, { stream }),
  }
}

/**
 * Writes lines and a status line to a stream. If the stream can rewrite lines, the status line
 * stays below the others; otherwise each status is written as a further line.
 */
export class Terminal {
  readonly #stream: NodeJS.WriteStream
  #status = ''
  #held: string[] | undefined
  #heldDropped = 0
  #onLine = () => {}

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
  }

  /** The output stream. */
  get stream(): NodeJS.WriteStream {
    return this.#stream
  }

  /** Whether the stream is a terminal. */
  get interactive(): boolean {
    return this.#stream.isTTY === true
  }

  /** Whether the status line is rewritten in place, as on a terminal with control sequences. */
  get rewrites(): boolean {
    return canRewrite(this.#stream)
  }

  /** Writes a line above the status line. */
  line(text: string): void {
    if (this.#held !== undefined) {
      if (this.#held.push(text) > HELD_LINES_MAX) {
        this.#held.shift()
        this.#heldDropped++
      }
      this.#onLine()
      return
    }
    const status = this.#status
    this.#stream.write(status === '' ? `${text}\n` : `${CLEAR_LINE}${text}\n${status}`)
  }

  /** Sets the status line; an empty text removes it. */
  status(text: string): void {
    if (!this.rewrites) {
      if (text !== '') this.line(text)
      return
    }
    // CLEAR_LINE clears only one line, so the status must not wrap.
    this.#status = text.slice(0, (this.#stream.columns || COLUMNS) - 1)
    this.#stream.write(CLEAR_LINE + this.#status)
  }

  /** Holds further lines while a screen is shown, and calls `onLine` for each. */
  hold(onLine: () => void): void {
    this.#held ??= []
    this.#onLine = onLine
  }

  /** The newest held lines. */
  heldLines(count: number): readonly string[] {
    return this.#held?.slice(-count) ?? []
  }

  /** Writes the held lines; further lines are written immediately. */
  release(): void {
    const held = this.#held ?? []
    this.#held = undefined
    if (this.#heldDropped > 0) {
      this.line(`${formatInteger(this.#heldDropped)} earlier lines are left out; --log has all`)
    }
    this.#heldDropped = 0
    for (const line of held) this.line(line)
  }
}
