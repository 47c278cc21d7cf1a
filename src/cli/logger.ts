import { type Logger, pino } from 'pino'
import type { Terminal } from './terminal.js'

/** How the command logs: lines for people, or pino's JSON for programs. */
export const LOG_FORMATS = ['text', 'json'] as const

/** One of `LOG_FORMATS`. */
export type LogFormat = (typeof LOG_FORMATS)[number]

/** A pino logger that writes above the terminal's status. */
export function createLogger(terminal: Terminal, format: LogFormat): Logger {
  const write = (line: string) => terminal.line(format === 'json' ? line.trimEnd() : readable(line))
  return pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, { write })
}

function readable(line: string): string {
  const { level, time, msg } = JSON.parse(line) as Record<'level' | 'time' | 'msg', string | number>
  return `${time} ${pino.levels.labels[Number(level)]?.padEnd(5)} ${msg}`
}
