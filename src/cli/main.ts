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
  .configureOutput({ outputError: (text, write) => write(text.replace(/\n+$/, '\n')) })
for (const command of [simulateCommand(), inspectCommand()]) {
  program.addCommand(command.copyInheritedSettings(program))
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
  process.stderr.write(`moonmeter: ${error.message}\n`)
  return error.code === 'INVALID_OPTION' ? EXIT_USAGE : EXIT_FAILURE
}
