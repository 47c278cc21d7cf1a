#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { MoonmeterError } from '../errors.js'
import { inspectCommand } from './inspect-command.js'
import { simulateCommand } from './simulate-command.js'
import { version } from './version.js'

const EXIT_FAILURE = 1
const EXIT_USAGE = 2

const program = new Command('moonmeter')
  .description("KV-cache store telemetry of worker threads, as vLLM's Prometheus metrics.")
  .version(version())
  .exitOverride()
  .showSuggestionAfterError(false)
  .configureOutput({
    outputError: (text, write) => write(oneLine(text.replace(/^error: /, ''))),
  })
for (const command of [simulateCommand(), inspectCommand()]) {
  program.addCommand(command.copyInheritedSettings(program))
}
// Whoever reads the output may stop reading, as `head` does.
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

/** Tell what went wrong in one line, and what the process exits with. */
function report(error: unknown): number {
  // Commander has printed its message, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE
  if (!(error instanceof MoonmeterError)) throw error
  process.stderr.write(oneLine(error.message))
  return error.code === 'INVALID_OPTION' ? EXIT_USAGE : EXIT_FAILURE
}

/** Names of files and operations may have line breaks in them; a message has one, at its end. */
function oneLine(message: string): string {
  return `moonmeter: ${message.trim().replace(/\s*[\r\n]+\s*/g, ' ')}\n`
}
