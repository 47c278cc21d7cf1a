#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { styleText } from 'node:util'
import { Command, CommanderError } from 'commander'
import { MoonmeterError } from '../errors.js'
import { dashboardCommand } from './dashboard-command.js'
import { completionCommand } from './completion-command.js'
import { examples } from './help.js'
import { inspectCommand } from './inspect-command.js'
import { ServerError } from './server-error.js'
import { rulesCommand } from './rules-command.js'
import { serveCommand } from './serve-command.js'
import { simulateCommand } from './simulate-command.js'
import { widthOfOutput } from './terminal.js'
import { topCommand } from './top-command.js'

const EXIT_FAILURE = 1
const EXIT_USAGE = 2
/**
 * Minimum width of descriptions, so that they also wrap on a terminal of 60 columns; commander's
 * default is 40.
 */
const DESCRIPTION_COLUMNS_MIN = 20
const PACKAGE_FILE = new URL('../../../package.json', import.meta.url)

const program = new Command('moonmeter')
  .description("KV-cache store telemetry of worker threads, as vLLM's Prometheus metrics.")
  .version(JSON.parse(readFileSync(PACKAGE_FILE, 'utf8')).version)
  .exitOverride()
  .configureHelp({
    minWidthToWrap: DESCRIPTION_COLUMNS_MIN,
    // Commander removes the style if the output has no colours.
    styleTitle: (title) => styleText('bold', title, { validateStream: false }),
  })
  .configureOutput({
    getOutHelpWidth: () => widthOfOutput(process.stdout),
    getErrHelpWidth: () => widthOfOutput(process.stderr),
    outputError: (text, write) => write(oneLine(text.replace(/^error: /, ''))),
  })
  .addHelpText(
    'after',
    examples([
      ['moonmeter simulate', 'four engines for 30 seconds'],
      ['moonmeter top', 'what a server counts, live'],
      ['moonmeter serve --nats nats://127.0.0.1:4222', 'the metrics of a fleet'],
      ['moonmeter inspect --sample', 'what inspect shows'],
      ['moonmeter dashboard > moonmeter.json', 'a dashboard for Grafana'],
      ['moonmeter rules > moonmeter.rules.yml', 'alerts for Prometheus'],
      ['moonmeter simulate --help', 'all options of simulate'],
    ]),
  )
for (const command of [
  simulateCommand(),
  serveCommand(),
  topCommand(),
  inspectCommand(),
  dashboardCommand(),
  rulesCommand(),
  completionCommand(program),
]) {
  program.addCommand(command.copyInheritedSettings(program))
}
// The reader of a pipe may close it early, as `head` does.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && stream !== process.stderr) {
      process.stderr.write(oneLine(`output: expected to be able to write, got ${error.message}`))
    }
    process.exit(EXIT_FAILURE)
  })
}

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = report(error)
}

/** Prints an error on one line, and returns the exit code. */
function report(error: unknown): number {
  // Commander has already printed the message or the help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE
  const isExpected = error instanceof MoonmeterError || error instanceof ServerError
  if (!isExpected) throw error
  process.stderr.write(oneLine(error.message))
  return error instanceof MoonmeterError && error.code === 'INVALID_OPTION'
    ? EXIT_USAGE
    : EXIT_FAILURE
}

/** Formats a message as one line; names of files and operations may contain line breaks. */
function oneLine(message: string): string {
  const name = styleText('red', 'moonmeter:', { stream: process.stderr })
  return `${name} ${message.trim().replace(/\s*[\r\n]+\s*/g, ' ')}\n`
}
