import { styleText } from 'node:util'
import { type Logger, pino } from 'pino'
import { writeFile } from './files.js'
import { printable } from '../live/printable.js'
import type { LogFormat } from './simulation-options.js'
import type { Terminal } from './terminal.js'

/** Colours of the levels `warn` and `error`. */
const LEVEL_COLOURS = { warn: 'yellow', error: 'red' } as const

/** The logs of the command. */
export interface Logs {
  /** Writes events of the run to the terminal and to the log file, if there is one. */
  readonly logger: Logger
  /**
   * Writes a line of metrics (some 900 characters) like an event, but not to a terminal, where it
   * would hide the progress. Undefined if there is no output for it.
   */
  readonly logMetrics: ((line: string) => void) | undefined
}

/**
 * Opens the logs.
 *
 * @param file the log file, to which lines are appended
 * @throws MoonmeterError `FILE_FAILED` when the file cannot be written
 */
export function openLogs(
  terminal: Terminal,
  { format, file }: { readonly format: LogFormat; readonly file?: string | undefined },
): Logs {
  const toTerminal = (line: string) =>
    terminal.line(format === 'json' ? line.trimEnd() : readable(line, terminal))
  const toFile = file === undefined ? [] : [openFile(file, format, terminal)]
  const logger = createLogger([toTerminal, ...toFile])
  const ofMetrics = terminal.interactive ? toFile : [toTerminal, ...toFile]
  if (ofMetrics.length === 0) return { logger, logMetrics: undefined }
  const metrics = createLogger(ofMetrics)
  return { logger, logMetrics: (line) => metrics.info(line) }
}

function createLogger(outputs: readonly ((line: string) => void)[]): Logger {
  const write = (line: string) => {
    for (const output of outputs) output(line)
  }
  return pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, { write })
}

/**
 * Returns a function that appends a line to a file; its first failure is shown and does not end the
 * run.
 */
function openFile(path: string, format: LogFormat, terminal: Terminal): (line: string) => void {
  const append = (text: string) => writeFile('--log', path, text, 'a')
  append('')
  let hasFailed = false
  return (line) => {
    try {
      append(format === 'json' ? line : `${readable(line)}\n`)
    } catch (error) {
      if (!hasFailed) terminal.line(`${(error as Error).message}; lines may be missing`)
      hasFailed = true
    }
  }
}

/**
 * Formats an event as text: with the time of day for a terminal, and with date and time zone
 * otherwise.
 */
function readable(line: string, terminal?: Terminal): string {
  const { level, time, msg } = JSON.parse(line) as { level: number; time: string; msg: string }
  const label = pino.levels.labels[level] ?? ''
  const padded = label.padEnd(5)
  if (terminal?.interactive !== true) return `${time} ${padded} ${msg}`
  const timeOfDay = new Date(time).toTimeString().slice(0, 'hh:mm:ss'.length)
  const colour = LEVEL_COLOURS[label as keyof typeof LEVEL_COLOURS]
  const { stream } = terminal
  const text = printable(msg)
  return `${timeOfDay} ${colour === undefined ? padded : styleText(colour, padded, { stream })} ${text}`
}
