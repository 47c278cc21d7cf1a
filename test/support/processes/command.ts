import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { BatchEnd } from './batch.js'
import { Child, type ChildOptions, type Ended } from './child.js'

/** The built command. */
export const COMMAND_FILE = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url))
const BATCH_FILE = new URL('./batch.js', import.meta.url)
/** A small trace whose totals are worked out by hand in test/cli/simulate.test.ts. */
export const SMALL_TRACE = fileURLToPath(
  new URL('../../../../test/fixtures/small-trace.jsonl', import.meta.url),
)

/** Options of the command, in addition to its arguments. */
export interface CommandOptions extends ChildOptions {
  /** Arguments of Node before the command. */
  readonly nodeArgs?: readonly string[]
}

/** Start `moonmeter` with these arguments. */
export function startCommand(
  context: TestContext,
  args: readonly string[],
  { nodeArgs = [], ...options }: CommandOptions = {},
): Child {
  return new Child(context, process.execPath, [...nodeArgs, COMMAND_FILE, ...args], options)
}

/** Run `moonmeter` with these arguments to its end. */
export function runCommand(
  context: TestContext,
  args: readonly string[],
  options?: CommandOptions,
): Promise<Ended> {
  return startCommand(context, args, options).end()
}

/**
 * Run `moonmeter` once with each of these arguments, to its end, all in one process. They must not
 * read standard input or call `process.exit`.
 */
export async function runCommands(
  context: TestContext,
  lines: readonly (readonly string[])[],
): Promise<BatchEnd[]> {
  const args = [fileURLToPath(BATCH_FILE), JSON.stringify(lines)]
  const { stdout, stderr } = await new Child(context, process.execPath, args).end()
  if (stderr !== '') throw new Error(stderr)
  return JSON.parse(stdout)
}

/** Waits until a `simulate` process serves; returns the URL without a path. */
export async function servedUrl(simulation: Child): Promise<string> {
  const [, url = ''] = await simulation.waitForStderr(/ serving (http:\S+)\/ and \/metrics\n/)
  return url
}

/** The exposition of a started `simulate`. */
export async function scrape(url: string): Promise<string> {
  const response = await fetch(`${url}/metrics`)
  if (response.status !== 200) throw new Error(`${url}/metrics: ${response.status}`)
  return response.text()
}

/** A directory that is removed after the test. */
export function temporaryDirectory(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'moonmeter-test-'))
  context.after(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }))
  return directory
}
