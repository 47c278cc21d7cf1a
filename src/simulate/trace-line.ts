/** One request of a trace file, as its line has it. */
export interface TraceLine {
  readonly timestampMs: number
  readonly inputLength: number
  readonly hashIds: readonly number[]
}

/** What is wrong with a line; `readTrace` adds the file and the line to it. */
export class TraceLineProblem extends Error {
  constructor(expected: string, got: string, remedy: string) {
    super(`expected ${expected}, got ${got}; ${remedy}`)
  }
}

const SHOWN_CHARS_MAX = 40
/** Lengths are kept in 32 bits. */
const TOKENS_MAX = 2 ** 32 - 1

/**
 * Reads one line in the Mooncake trace format.
 *
 * `hash_ids` must hold exactly one id per block, the last partial one included, as it does in all
 * 12,031 lines of the published trace: any other number means another block size, and totals that
 * would be silently wrong.
 *
 * @throws TraceLineProblem for anything else.
 * @see https://github.com/kvcache-ai/Mooncake (FAST25-release/traces)
 */
export function parseTraceLine(text: string, blockTokens: number): TraceLine {
  const line = parseObject(text)
  const timestampMs = line.timestamp
  if (typeof timestampMs !== 'number' || !Number.isFinite(timestampMs) || timestampMs < 0) {
    throw new TraceLineProblem(
      "'timestamp' to be a number of milliseconds, 0 or more",
      shown(timestampMs),
      'check the field',
    )
  }
  const inputLength = requireTokens(line, 'input_length')
  // Nothing replayed depends on it, but a line without it is no line of such a trace.
  requireTokens(line, 'output_length')
  const hashIds = requireHashIds(line.hash_ids)
  const blocks = Math.ceil(inputLength / blockTokens)
  if (hashIds.length !== blocks) {
    throw new TraceLineProblem(
      `${blocks} 'hash_ids' for ${inputLength} tokens in blocks of ${blockTokens}`,
      String(hashIds.length),
      'check the block size',
    )
  }
  return { timestampMs, inputLength, hashIds }
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new TraceLineProblem('a JSON object', shown(text), 'check the line')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TraceLineProblem('a JSON object', shown(value), 'check the line')
  }
  return value as Record<string, unknown>
}

function requireTokens(line: Readonly<Record<string, unknown>>, field: string): number {
  const value = line[field]
  if (isCount(value) && value <= TOKENS_MAX) return value
  throw new TraceLineProblem(
    `'${field}' to be an integer from 0 to ${TOKENS_MAX}`,
    shown(value),
    'check the field',
  )
}

function requireHashIds(value: unknown): readonly number[] {
  if (!Array.isArray(value)) {
    throw new TraceLineProblem("'hash_ids' to be an array", shown(value), 'check the field')
  }
  for (const [index, id] of value.entries()) {
    if (isCount(id)) continue
    throw new TraceLineProblem(
      `'hash_ids[${index}]' to be an integer, 0 or more`,
      shown(id),
      'check the field',
    )
  }
  return value
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0
}

/** A value as the message shows it: on one line and short, whatever the file holds. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  // JSON has no word for infinity, which is what 1e999 reads as.
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value)
  return text.length <= SHOWN_CHARS_MAX ? text : `${text.slice(0, SHOWN_CHARS_MAX)}…`
}
