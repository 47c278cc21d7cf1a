import { MoonmeterError } from '../errors.js'
import { requireNumber } from '../options.js'
import { readLines } from './lines.js'
import { BLOCK_TOKENS, type StoreRequest } from './store-call.js'
import { parseTraceLine, type TraceLine, TraceLineProblem } from './trace-line.js'

/** Longest line read; a prompt of 20 million tokens fits. */
const LINE_BYTES_MAX = 2 ** 20
/** A `Map` holds no more than 2^24 keys. */
const DISTINCT_BLOCKS_MAX = 2 ** 24
/** Ids of all requests together: 4 GiB of them. */
const BLOCK_IDS_MAX = 2 ** 30
/** A longer silence between two timestamps is a pause, not a tick to spread arrivals over. */
const TICK_MS_MAX = 5_000

type Float64Column = Float64Array<SharedArrayBuffer>
type Uint32Column = Uint32Array<SharedArrayBuffer>

/**
 * A request trace in columns of shared memory: posting it to a thread copies nothing.
 *
 * Request `i` of `timestampsMs.length` has the block ids `blockIds[offsets[i]]` up to, and without,
 * `blockIds[offsets[i + 1]]`.
 */
export interface Trace {
  /** Arrivals in milliseconds, as the file has them, never falling. */
  readonly timestampsMs: Float64Column
  /** Prompt lengths in tokens. */
  readonly inputLengths: Uint32Column
  /** One more than there are requests; the last is `blockIds.length`. */
  readonly offsets: Uint32Column
  /** The file's ids numbered anew, 0 to `blockCount` - 1 by first appearance. */
  readonly blockIds: Uint32Column
  /** Distinct blocks, partial ones included: a store of this capacity never evicts. */
  readonly blockCount: number
  /** Tokens in a full block. */
  readonly blockTokens: number
}

/**
 * Reads a request trace in the Mooncake format: one JSON object a line, blank lines at the end
 * aside.
 *
 * Lines are read one by one, so the file may exceed what a string can hold. Ids past 2^53 are taken
 * as JSON has them, rounded: of a million random 64-bit ids two meet in one trace of 20,000.
 *
 * @param options.blockTokens tokens in a full block, 1 to 2^20, 512 by default.
 * @throws MoonmeterError `INVALID_TRACE`, with `FILE:LINE: expected …, got …; remedy`, for a file
 * that cannot be read, is empty, or has a line that is malformed, too long or earlier than the one
 * before it; `INVALID_OPTION` for another block size.
 */
export async function readTrace(
  path: string,
  options: { readonly blockTokens?: number } = {},
): Promise<Trace> {
  const blockTokens = requireNumber('blockTokens', BLOCK_TOKENS, options.blockTokens)
  const builder = new TraceBuilder(blockTokens)
  let lineNumber = 0
  let blankLineNumber = 0
  try {
    for await (const text of readLines(path, LINE_BYTES_MAX)) {
      lineNumber++
      if (text.trim() !== '') {
        if (blankLineNumber > 0) {
          lineNumber = blankLineNumber
          throw new TraceLineProblem('a JSON object', 'a blank line', 'remove the line')
        }
        builder.add(parseTraceLine(text, blockTokens))
      } else if (blankLineNumber === 0) blankLineNumber = lineNumber
    }
    if (builder.requests === 0) {
      lineNumber = 1
      throw new TraceLineProblem('a request', 'an empty file', 'check the path')
    }
  } catch (error) {
    if (!(error instanceof TraceLineProblem)) throw error
    throw new MoonmeterError('INVALID_TRACE', `${path}:${lineNumber}: ${error.message}`)
  }
  return builder.build()
}

/**
 * The requests of a trace that one engine of several gets, dealt round robin: request `i` goes to
 * engine `i` mod `engines`.
 *
 * Requests of equal timestamps arrive spread evenly over the time to the next timestamp, for traces
 * are written in ticks (of 3 seconds in the published one); their ids are views of the trace.
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
    const timestampMs = timestampsMs[index] as number
    if (index === tickEnd) {
      tickStart = index
      while (tickEnd < requests && timestampsMs[tickEnd] === timestampMs) tickEnd++
      // The last tick is taken to be as long as the one before it.
      if (tickEnd < requests) {
        tickMs = Math.min((timestampsMs[tickEnd] as number) - timestampMs, TICK_MS_MAX)
      }
    }
    if (index % engines !== engine) continue
    yield {
      timestampMs: timestampMs + (tickMs * (index - tickStart)) / (tickEnd - tickStart),
      inputLength: inputLengths[index] as number,
      hashIds: blockIds.subarray(offsets[index], offsets[index + 1]),
    }
  }
}

/** Gathers requests into columns that double as they fill. */
class TraceBuilder {
  readonly #blockTokens: number
  readonly #idsByHash = new Map<number, number>()
  #timestampsMs: Float64Column = new Float64Array(new SharedArrayBuffer(8))
  #inputLengths: Uint32Column = new Uint32Array(new SharedArrayBuffer(4))
  #offsets: Uint32Column = new Uint32Array(new SharedArrayBuffer(8))
  #blockIds: Uint32Column = new Uint32Array(new SharedArrayBuffer(4))
  #idsUsed = 0
  requests = 0

  constructor(blockTokens: number) {
    this.#blockTokens = blockTokens
  }

  add(line: TraceLine): void {
    const { timestampMs, inputLength, hashIds } = line
    const index = this.requests
    const previousMs = index === 0 ? 0 : (this.#timestampsMs[index - 1] as number)
    if (timestampMs < previousMs) {
      throw new TraceLineProblem(
        `'timestamp' to be at least the ${previousMs} of the line before`,
        String(timestampMs),
        'sort the trace by time',
      )
    }
    const idsNeeded = this.#idsUsed + hashIds.length
    if (idsNeeded > BLOCK_IDS_MAX || this.#idsByHash.size + hashIds.length > DISTINCT_BLOCKS_MAX) {
      throw new TraceLineProblem(
        `at most ${BLOCK_IDS_MAX} block ids, ${DISTINCT_BLOCKS_MAX} of them different`,
        'more',
        'split the trace',
      )
    }
    this.#timestampsMs = fitted(this.#timestampsMs, index + 1)
    this.#inputLengths = fitted(this.#inputLengths, index + 1)
    this.#offsets = fitted(this.#offsets, index + 2)
    this.#blockIds = fitted(this.#blockIds, idsNeeded)
    this.#timestampsMs[index] = timestampMs
    this.#inputLengths[index] = inputLength
    for (const hash of hashIds) this.#blockIds[this.#idsUsed++] = this.#idOf(hash)
    this.#offsets[index + 1] = this.#idsUsed
    this.requests++
  }

  build(): Trace {
    return {
      timestampsMs: this.#timestampsMs.subarray(0, this.requests),
      inputLengths: this.#inputLengths.subarray(0, this.requests),
      offsets: this.#offsets.subarray(0, this.requests + 1),
      blockIds: this.#blockIds.subarray(0, this.#idsUsed),
      blockCount: this.#idsByHash.size,
      blockTokens: this.#blockTokens,
    }
  }

  #idOf(hash: number): number {
    const known = this.#idsByHash.get(hash)
    if (known !== undefined) return known
    const id = this.#idsByHash.size
    this.#idsByHash.set(hash, id)
    return id
  }
}

function fitted<Column extends Float64Column | Uint32Column>(
  column: Column,
  length: number,
): Column {
  if (length <= column.length) return column
  const bytes = Math.max(2 * column.length, length) * column.BYTES_PER_ELEMENT
  const larger = new (column.constructor as new (buffer: SharedArrayBuffer) => Column)(
    new SharedArrayBuffer(bytes),
  )
  larger.set(column)
  return larger
}
