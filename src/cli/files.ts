import { readFileSync, writeFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { MoonmeterError } from '../errors.js'

/**
 * Reads a file; `-` is standard input.
 *
 * @param name the option or argument, for the message
 * @throws MoonmeterError `FILE_FAILED`
 */
export async function readFile(name: string, path: string): Promise<Buffer> {
  try {
    // As a stream: a terminal is not blocking, and a synchronous read of it fails.
    return path === '-' ? await buffer(process.stdin) : readFileSync(path)
  } catch (cause) {
    throw fileError(name, 'read', cause)
  }
}

/**
 * Writes a file, or appends to it.
 *
 * @param name the option or argument, for the message
 * @throws MoonmeterError `FILE_FAILED`
 */
export function writeFile(name: string, path: string, text: string, flag: 'w' | 'a' = 'w'): void {
  try {
    writeFileSync(path, text, { flag })
  } catch (cause) {
    throw fileError(name, 'written', cause)
  }
}

function fileError(name: string, done: 'read' | 'written', cause: unknown): MoonmeterError {
  const message = `${name}: expected a file that can be ${done}, got ${(cause as Error).message}`
  return new MoonmeterError('FILE_FAILED', message, { cause })
}
