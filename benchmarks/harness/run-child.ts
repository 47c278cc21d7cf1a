import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { BenchmarkCase, Measures, Scale } from './benchmark-case.js'

const CHILD = fileURLToPath(new URL('../child.js', import.meta.url))
const TIMEOUT_MS = 300_000

const execute = promisify(execFile)

/**
 * Measure one variant in a fresh process.
 *
 * @throws Error with what the process wrote when it fails
 */
export async function runChild(
  { name, nodeOptions = [], runtime }: BenchmarkCase,
  variant: string,
  { quick }: Scale,
  execPath = process.execPath,
): Promise<Measures> {
  const node = runtime?.() ?? { execPath }
  if ('missing' in node) throw new Error(`${name}: ${node.missing}`)
  const options = ['--expose-gc', '--no-warnings', ...nodeOptions]
  const args = [...options, CHILD, name, variant, quick ? 'quick' : 'full']
  const { stdout } = await execute(node.execPath, args, { timeout: TIMEOUT_MS })
  return JSON.parse(stdout) as Measures
}
