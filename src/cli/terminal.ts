import { styleText } from 'node:util'
import { formatInteger } from './units.js'

/** Columns of an output of unknown width, such as a file. */
const COLUMNS = 80
/** On a narrower terminal, lines of this width wrap. */
const COLUMNS_MIN = 60
/** Clears the cursor's line and moves the cursor to its start. */
const CLEAR_LINE = '\r\u001b[2K'
/** Lines that are kept back for the time after a screen; of more, the oldest are dropped. */
const HELD_LINES_MAX = 1_000

/** How to format what is written to a stream. */
export interface OutputStyle {
  /** In characters. */
  readonly width: number
  /** Emphasizes a heading where the stream has colours and `NO_COLOR` is not set. */
  heading(text: string): string
}

/** The width of an output: that of the terminal, but 60 at least; 80 where it is unknown. */
export function widthOfOutput(stream: NodeJS.WriteStream): number {
  return Math.max((stream.isTTY && stream.columns) || COLUMNS, COLUMNS_MIN)
}

/** Whether what is written to a stream can be rewritten: on a terminal with control sequences. */
export function canRewrite(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && process.env.TERM !== 'dumb'
}

/** The style of an output. */
export function styleOfOutput(stream: NodeJS.WriteStream): OutputStyle {
  return {
    width: widthOfOutput(stream),
    // One format a call: with several, Node 20 ignores NO_COLOR.
    heading: (text) => styleText('bold', text, { stream }),
  }
}

/**
 * Writes lines and a status line to a stream. Where the stream can rewrite a line, the status line
 * stays below the others; elsewhere it is written as a further line each time it is set.
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

  /** The stream that is written to. */
  get stream(): NodeJS.WriteStream {
    return this.#stream
  }

  /** Whether the stream is a terminal. */
  get interactive(): boolean {
    return this.#stream.isTTY === true
  }

  /** Whether the status line is rewritten in place: on a terminal with control sequences. */
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

  /** Keeps further lines back while a screen covers them, and calls `onLine` for each. */
  hold(onLine: () => void): void {
    this.#held ??= []
    this.#onLine = onLine
  }

  /** The newest lines that are kept back. */
  heldLines(count: number): readonly string[] {
    return this.#held?.slice(-count) ?? []
  }

  /** Writes the lines that were kept back, and further ones at once. */
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
