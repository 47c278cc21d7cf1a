import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readTrace, type Trace } from '../../src/simulate/trace.js'

/** A trace line with an output length of 1. */
export function traceLine(timestamp: number, inputLength: number, hashIds: number[]): string {
  return JSON.stringify({
    timestamp,
    input_length: inputLength,
    output_length: 1,
    hash_ids: hashIds,
  })
}

/** Calls `use` with the path of a temporary file of that text. */
export async function withFile<Result>(
  text: string,
  use: (path: string) => Promise<Result>,
): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), 'moonmeter-trace-'))
  try {
    const path = join(directory, 'trace.jsonl')
    writeFileSync(path, text)
    return await use(path)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** The trace of those lines. */
export function traceOf(lines: readonly string[], blockTokens = 512): Promise<Trace> {
  return withFile(`${lines.join('\n')}\n`, (path) => readTrace(path, blockTokens))
}
