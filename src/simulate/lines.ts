import { createReadStream } from 'node:fs'
import { MoonmeterError } from '../errors.js'

const LINE_FEED = 0x0a

/**
 * The lines of a file in order, without their ends, read piece by piece.
 *
 * `node:readline` would do, but for a line without an end, which it gathers without a limit.
 *
 * @param bytesMax longest line allowed.
 * @throws MoonmeterError `INVALID_TRACE` where the file cannot be read or a line is too long.
 */
export async function* readLines(path: string, bytesMax: number): AsyncGenerator<string> {
  let lines = 0
  let rest: Buffer[] = []
  let restBytes = 0
  const tooLong = () =>
    new MoonmeterError(
      'INVALID_TRACE',
      `${path}:${lines + 1}: expected a line of at most ${bytesMax} bytes, got a longer one; ` +
        'put each request on a line of its own',
    )
  for await (const chunk of readChunks(path)) {
    let start = 0
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, start)
      const piece = chunk.subarray(start, end === -1 ? chunk.length : end)
      restBytes += piece.length
      if (restBytes > bytesMax) throw tooLong()
      rest.push(piece)
      if (end === -1) break
      yield Buffer.concat(rest).toString('utf8')
      lines++
      rest = []
      restBytes = 0
      start = end + 1
    }
  }
  if (restBytes > 0) yield Buffer.concat(rest).toString('utf8')
}

async function* readChunks(path: string): AsyncGenerator<Buffer> {
  const stream = createReadStream(path)
  try {
    for await (const chunk of stream) yield chunk as Buffer
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new MoonmeterError(
      'INVALID_TRACE',
      `${path}: expected a file that can be read, got ${reason}; check the path`,
      { cause: error },
    )
  }
}
