import type { WriteStream } from 'node:tty'

/** Columns of a terminal that does not tell, or says none. */
const COLUMNS = 80
/** Clears the line the cursor is in and goes to its start. */
const CLEAR_LINE = '\r\u001b[2K'

/** Where the command tells what is going on: a stream such as standard error. */
export type TerminalStream = NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'columns'>>

/**
 * Lines, and below them one status that is rewritten in place; where the stream is no terminal,
 * the status is a line like any other, at the times its owner chooses.
 */
export class Terminal {
  readonly #stream: TerminalStream
  #status = ''

  constructor(stream: TerminalStream) {
    this.#stream = stream
  }

  /** Whether a status is rewritten in place. */
  get interactive(): boolean {
    return this.#stream.isTTY === true
  }

  /** Write a line above the status. */
  line(text: string): void {
    const status = this.#status
    this.#stream.write(status === '' ? `${text}\n` : `${CLEAR_LINE}${text}\n${status}`)
  }

  /** Show a status; an empty one takes it away. */
  status(text: string): void {
    if (!this.interactive) {
      if (text !== '') this.line(text)
      return
    }
    // A status that wraps could not be cleared.
    this.#status = text.slice(0, (this.#stream.columns || COLUMNS) - 1)
    this.#stream.write(CLEAR_LINE + this.#status)
  }
}
