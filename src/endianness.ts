import { endianness } from 'node:os'
import { MoonmeterError } from './errors.js'

/**
 * Throw on a big-endian processor: journals and reports contain little-endian numbers, and typed
 * arrays use the byte order of the processor.
 *
 * @throws MoonmeterError `UNSUPPORTED_PLATFORM`
 */
export function requireLittleEndian(): void {
  if (endianness() === 'LE') return
  throw new MoonmeterError(
    'UNSUPPORTED_PLATFORM',
    `moonmeter: expected a little-endian processor, got ${process.arch}, which is big-endian; ` +
      'run it on x86-64 or ARM64',
  )
}
