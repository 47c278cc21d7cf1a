import { MoonmeterError } from '../errors.js'
import { readFile } from './files.js'
import { countHexDigits, decodeHex } from './hex.js'

/** The key that ends the input on a terminal. */
const END_KEYS = process.platform === 'win32' ? 'Ctrl-Z and Enter' : 'Ctrl-D'
const WAITING = `moonmeter: waiting for payloads, binary or in hex
  ${END_KEYS} on an empty line ends the input, Ctrl-C cancels
  'moonmeter inspect --sample' shows an example\n`

/** The bytes of payloads, and the name of their source for messages. */
export interface Input {
  readonly name: string
  readonly bytes: Buffer
}

/**
 * Reads a file, and decodes it if it is in hex. If standard input is a terminal, prints to standard
 * error that the command waits for input, and the key that ends the input.
 *
 * @param file `-` is standard input
 * @throws MoonmeterError `FILE_FAILED`; `INVALID_PAYLOAD` for an odd number of hex digits
 */
export async function readInput(file: string): Promise<Input> {
  if (file === '-' && process.stdin.isTTY) process.stderr.write(WAITING)
  const name = file === '-' ? 'standard input' : file
  const content = await readFile(name, file)
  // The first byte of a MessagePack map is not a hex digit.
  const digits = countHexDigits(content)
  if (digits === undefined) return { name, bytes: content }
  if (digits === 0) {
    throw new MoonmeterError('INVALID_PAYLOAD', `${name}: expected a payload, got an empty input`)
  }
  if (digits % 2 === 0) return { name, bytes: decodeHex(content, digits) }
  throw new MoonmeterError(
    'INVALID_PAYLOAD',
    `${name}: expected two hex digits per byte, got ${digits} digits`,
  )
}
