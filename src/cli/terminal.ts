import { type Logger, pino } from 'pino'

/** Columns of a terminal of unknown width. */
const COLUMNS = 80
/** Clears the cursor's line and moves the cursor to its start. */
const CLEAR_LINE = '\r\u001b[2K'

/** Log formats of the command: readable lines, or pino's JSON. */
export const LOG_FORMATS = ['text', 'json'] as const

/** One of {@link LOG_FORMATS}. */
export type LogFormat = (typeof LOG_FORMATS)[number]

/**
 * Writes lines and a status line to a stream. On a terminal the status line stays below the others
 * and is rewritten in place; elsewhere it is written as a further line each time it is set.
 */
export class Terminal {
  readonly #stream: NodeJS.WriteStream
  #status = ''

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
  }

  /** Whether the stream is a terminal. */
  get interactive(): boolean {
    return this.#stream.isTTY === true
  }

  /** Writes a line above the status line. */
  line(text: string): void {
    const status = this.#status
    this.#stream.write(status === '' ? `${text}\n` : `${CLEAR_LINE}${text}\n${status}`)
  }

  /** Sets the status line; an empty text removes it. */
  status(text: string): void {
    if (!this.interactive) {
      if (text !== '') this.line(text)
      return
    }
    // CLEAR_LINE clears only one line, so the status must not wrap.
    this.#status = text.slice(0, (this.#stream.columns || COLUMNS) - 1)
    this.#stream.write(CLEAR_LINE + this.#status)
  }
}

/** Creates a logger that writes to a terminal. */
export function createLogger(terminal: Terminal, format: LogFormat): Logger {
  const write = (line: string) => terminal.line(format === 'json' ? line.trimEnd() : readable(line))
  return pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, { write })
}

function readable(line: string): string {
  const { level, time, msg } = JSON.parse(line) as Record<'level' | 'time' | 'msg', string | number>
  return `${time} ${pino.levels.labels[Number(level)]?.padEnd(5)} ${msg}`
}
