import { createReadStream, readFileSync, statSync, writeFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { MoonmeterError } from '../errors.js'

/** The most that Node reads of a file at once. A pipe or a device may have no end. */
const FILE_BYTES_MAX = 2 ** 31 - 1

/**
 * Reads a file; `-` is standard input.
 *
 * @param name the option or argument, for the message
 * @param bytesMax maximum size of the file; default 2 GiB
 * @throws MoonmeterError `FILE_FAILED`
 */
export async function readFile(
  name: string,
  path: string,
  bytesMax = FILE_BYTES_MAX,
): Promise<Buffer> {
  try {
    // As a stream: a terminal is not blocking, and a synchronous read of it fails.
    if (path === '-') return await readStream(process.stdin, bytesMax)
    // Node says how large a file is that it does not read.
    if (bytesMax === FILE_BYTES_MAX && statSync(path).isFile()) return readFileSync(path)
    return await readStream(createReadStream(path), bytesMax)
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

async function readStream(stream: Readable, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream) {
    length += chunk.length
    if (length > bytesMax) throw new Error(`more than ${bytesMax} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function fileError(name: string, done: 'read' | 'written', cause: unknown): MoonmeterError {
  const message = `${name}: expected a file that can be ${done}, got ${(cause as Error).message}`
  return new MoonmeterError('FILE_FAILED', message, { cause })
}
