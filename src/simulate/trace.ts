import { createReadStream } from 'node:fs'
import { MoonmeterError } from '../errors.js'
import { BLOCK_TOKENS, type StoreRequest } from './store-call.js'
import { parseTraceLine, type TraceLine, TraceLineProblem } from './trace-line.js'

/** A prompt of 20 million tokens fits in a line of this length. */
const LINE_CHARS_MAX = 2 ** 20
const BYTE_ORDER_MARK = '\uFEFF'
/** A `Map` holds at most 2^24 keys. */
const DISTINCT_BLOCKS_MAX = 2 ** 24
/** Maximum number of block ids of all requests together, which take 4 GiB. */
const BLOCK_IDS_MAX = 2 ** 30
/** Arrivals are spread over at most this time after their timestamp. */
const TICK_MS_MAX = 5_000

type Column = Float64Array<SharedArrayBuffer> | Uint32Array<SharedArrayBuffer>

/**
 * A request trace as columns in shared memory, so that posting it to a thread does not copy it.
 *
 * Request `i` of `timestampsMs.length` has the block ids from `blockIds[offsets[i]]` up to, but not
 * including, `blockIds[offsets[i + 1]]`.
 */
export interface Trace {
  /** Arrivals in milliseconds, as in the file; never decreasing. */
  readonly timestampsMs: Float64Array<SharedArrayBuffer>
  /** Prompt lengths in tokens. */
  readonly inputLengths: Uint32Array<SharedArrayBuffer>
  /** One more element than requests; the last is `blockIds.length`. */
  readonly offsets: Uint32Array<SharedArrayBuffer>
  /** The file's ids renumbered by first appearance, 0 to `blockCount` - 1. */
  readonly blockIds: Uint32Array<SharedArrayBuffer>
  /** Distinct blocks, including partial ones; a store of this capacity never evicts. */
  readonly blockCount: number
  /** Tokens of a full block. */
  readonly blockTokens: number
}

/**
 * Reads a request trace in the Mooncake format: one JSON object per line; blank lines are allowed
 * at the end.
 *
 * The file is streamed, so it may be longer than a string can be. Ids above 2^53 are rounded, as
 * JSON numbers are.
 *
 * @param blockTokens tokens of a full block, an integer of at least 1
 * @throws MoonmeterError `INVALID_TRACE`, with `FILE:LINE: expected …, got …; remedy`, for a file
 * that cannot be read, is empty, or has a line that is malformed, too long or earlier than the one
 * before it
 */
export async function readTrace(path: string, blockTokens = BLOCK_TOKENS): Promise<Trace> {
  const builder = new TraceBuilder()
  let lineNumber = 0
  let blankLineNumber = 0
  try {
    for await (const text of readLines(path)) {
      lineNumber++
      if (text.length > LINE_CHARS_MAX) {
        throw new TraceLineProblem(
          `a line of at most ${LINE_CHARS_MAX} characters`,
          'a longer one',
          'write each request on a separate line',
        )
      }
      if (text.trim() === '') {
        blankLineNumber ||= lineNumber
      } else if (blankLineNumber === 0) {
        builder.add(parseTraceLine(text, blockTokens))
      } else {
        lineNumber = blankLineNumber
        throw new TraceLineProblem('a JSON object', 'a blank line', 'remove the line')
      }
    }
    if (builder.isEmpty) {
      lineNumber = 1
      throw new TraceLineProblem('a request', 'an empty file', 'check the path')
    }
  } catch (cause) {
    if (cause instanceof TraceLineProblem) {
      throw new MoonmeterError('INVALID_TRACE', `${path}:${lineNumber}: ${cause.message}`)
    }
    if (!(cause instanceof Error && 'syscall' in cause)) throw cause
    throw new MoonmeterError(
      'INVALID_TRACE',
      `${path}: expected a file that can be read, got ${cause.message}; check the path`,
      { cause },
    )
  }
  return { ...builder.build(), blockTokens }
}

/**
 * Yields the lines of a file without their line feeds, and without a byte order mark.
 * `node:readline` would buffer a line of any length; this function yields the beginning of a line
 * as soon as it has more than `LINE_CHARS_MAX` characters.
 */
async function* readLines(path: string): AsyncGenerator<string> {
  let rest = ''
  let isStart = true
  for await (const chunk of createReadStream(path, 'utf8')) {
    const text = isStart && chunk.startsWith(BYTE_ORDER_MARK) ? chunk.slice(1) : chunk
    isStart = false
    const lines = `${rest}${text}`.split('\n')
    rest = lines.pop() ?? ''
    yield* lines
    if (rest.length > LINE_CHARS_MAX) yield rest
  }
  if (rest !== '') yield rest
}

/**
 * Yields the requests of a trace that one of several engines replays: request `i` belongs to engine
 * `i` mod `engines`.
 *
 * Traces have coarse timestamps (of 3 seconds in the published one), so requests with the same one
 * arrive evenly over the time to the next. Their ids are views of the trace.
 */
export function* traceRequests(
  trace: Trace,
  engine: number,
  engines: number,
): Generator<StoreRequest, void> {
  const { timestampsMs, inputLengths, offsets, blockIds } = trace
  const requests = timestampsMs.length
  let tickStart = 0
  let tickEnd = 0
  let tickMs = 0
  for (let index = 0; index < requests; index++) {
    const timestampMs = timestampsMs[index]
    if (index === tickEnd) {
      tickStart = index
      while (tickEnd < requests && timestampsMs[tickEnd] === timestampMs) tickEnd++
      // The last tick is assumed to be as long as the one before it.
      if (tickEnd < requests) tickMs = Math.min(timestampsMs[tickEnd] - timestampMs, TICK_MS_MAX)
    }
    if (index % engines !== engine) continue
    yield {
      timestampMs: timestampMs + (tickMs * (index - tickStart)) / (tickEnd - tickStart),
      inputLength: inputLengths[index],
      hashIds: blockIds.subarray(offsets[index], offsets[index + 1]),
    }
  }
}

/** Collects requests in columns of shared memory. */
class TraceBuilder {
  readonly #idsByHash = new Map<number, number>()
  #timestampsMs = new Float64Array(new SharedArrayBuffer(8))
  #inputLengths = new Uint32Array(new SharedArrayBuffer(4))
  #offsets = new Uint32Array(new SharedArrayBuffer(8))
  #blockIds = new Uint32Array(new SharedArrayBuffer(4))
  #requests = 0
  #ids = 0

  get isEmpty(): boolean {
    return this.#requests === 0
  }

  add({ timestampMs, inputLength, hashIds }: TraceLine): void {
    const index = this.#requests
    const previousMs = index === 0 ? 0 : this.#timestampsMs[index - 1]
    if (timestampMs < previousMs) {
      throw new TraceLineProblem(
        `'timestamp' to be at least the ${previousMs} of the line before`,
        String(timestampMs),
        'sort the trace by time',
      )
    }
    const idsNeeded = this.#ids + hashIds.length
    if (idsNeeded > BLOCK_IDS_MAX || this.#idsByHash.size + hashIds.length > DISTINCT_BLOCKS_MAX) {
      throw new TraceLineProblem(
        `at most ${BLOCK_IDS_MAX} block ids, ${DISTINCT_BLOCKS_MAX} of them different`,
        'more',
        'split the trace',
      )
    }
    this.#timestampsMs = grown(this.#timestampsMs, index + 1)
    this.#inputLengths = grown(this.#inputLengths, index + 1)
    this.#offsets = grown(this.#offsets, index + 2)
    this.#blockIds = grown(this.#blockIds, idsNeeded)
    this.#timestampsMs[index] = timestampMs
    this.#inputLengths[index] = inputLength
    for (const hash of hashIds) {
      const id = this.#idsByHash.get(hash) ?? this.#idsByHash.size
      this.#idsByHash.set(hash, id)
      this.#blockIds[this.#ids++] = id
    }
    this.#offsets[index + 1] = this.#ids
    this.#requests++
  }

  build(): Omit<Trace, 'blockTokens'> {
    return {
      timestampsMs: this.#timestampsMs.subarray(0, this.#requests),
      inputLengths: this.#inputLengths.subarray(0, this.#requests),
      offsets: this.#offsets.subarray(0, this.#requests + 1),
      blockIds: this.#blockIds.subarray(0, this.#ids),
      blockCount: this.#idsByHash.size,
    }
  }
}

/** The column, or a copy of at least twice its length if it is too short. */
function grown<Kind extends Column>(column: Kind, length: number): Kind {
  if (length <= column.length) return column
  const bytes = Math.max(2 * column.length, length) * column.BYTES_PER_ELEMENT
  const Kind = column.constructor as new (buffer: SharedArrayBuffer) => Kind
  const larger = new Kind(new SharedArrayBuffer(bytes))
  larger.set(column)
  return larger
}
