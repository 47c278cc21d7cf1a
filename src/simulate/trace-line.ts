/** One request of a trace file. */
export interface TraceLine {
  readonly timestampMs: number
  readonly inputLength: number
  readonly hashIds: readonly number[]
}

/** The error for a malformed line; `readTrace` adds the file and the line number. */
export class TraceLineProblem extends Error {
  constructor(expected: string, got: string, remedy: string) {
    super(`expected ${expected}, got ${got}; ${remedy}`)
  }
}

const SHOWN_CHARS_MAX = 40
/** Lengths are stored in 32 bits. */
const TOKENS_MAX = 2 ** 32 - 1

/**
 * Parses one line in the Mooncake trace format.
 *
 * `hash_ids` must have exactly one id per block, including the last partial one, as in all 12,031
 * lines of the published trace: any other number means that the trace has another block size, and
 * all totals would be wrong.
 *
 * @throws TraceLineProblem for a malformed line
 * @see https://github.com/kvcache-ai/Mooncake (FAST25-release/traces)
 */
export function parseTraceLine(text: string, blockTokens: number): TraceLine {
  const line = parseObject(text)
  const { timestamp, input_length: inputLength, output_length, hash_ids: hashIds } = line
  if (typeof timestamp !== 'number' || !Number.isFinite(timestamp) || timestamp < 0) {
    throw fieldProblem('timestamp', 'a number of milliseconds, 0 or more', timestamp)
  }
  const length = `an integer from 0 to ${TOKENS_MAX}`
  if (!isCount(inputLength, TOKENS_MAX)) throw fieldProblem('input_length', length, inputLength)
  // The replay does not use this field, but the trace format requires it.
  if (!isCount(output_length, TOKENS_MAX))
    throw fieldProblem('output_length', length, output_length)
  if (!Array.isArray(hashIds)) throw fieldProblem('hash_ids', 'an array', hashIds)
  for (const [index, id] of hashIds.entries()) {
    if (!isCount(id)) throw fieldProblem(`hash_ids[${index}]`, 'an integer, 0 or more', id)
  }
  const blocks = Math.ceil(inputLength / blockTokens)
  if (hashIds.length !== blocks) {
    throw new TraceLineProblem(
      `${blocks} 'hash_ids' for ${inputLength} tokens in blocks of ${blockTokens}`,
      String(hashIds.length),
      'check the block size',
    )
  }
  return { timestampMs: timestamp, inputLength, hashIds }
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown = text
  try {
    value = JSON.parse(text)
  } catch {
    // Invalid JSON is rejected below.
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>
  }
  throw new TraceLineProblem('a JSON object', shown(value), 'check the line')
}

function isCount(value: unknown, max = Number.POSITIVE_INFINITY): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max
}

function fieldProblem(field: string, expected: string, got: unknown): TraceLineProblem {
  return new TraceLineProblem(`'${field}' to be ${expected}`, shown(got), 'check the field')
}

/** A value as short text on one line, for an error message. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  // `JSON.parse` reads 1e999 as Infinity, which `JSON.stringify` would write as null.
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value)
  return text.length <= SHOWN_CHARS_MAX ? text : `${text.slice(0, SHOWN_CHARS_MAX)}…`
}
