import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type FoundNode, NODES_FOLDER } from './find-node.js'

/** Runtimes that run programs for Node: where the binary is in its package, and its arguments. */
const RUNTIMES = {
  bun: { file: 'bin/bun', args: [] },
  deno: { file: 'deno', args: ['run', '--allow-all'] },
} as const

export const RUNTIME_NAMES: readonly RuntimeName[] = ['bun', 'deno']

export type RuntimeName = keyof typeof RUNTIMES

/** A runtime that `npm run nodes` installed, or the reason why there is none. */
export function findRuntime(name: RuntimeName): FoundNode & { readonly args: readonly string[] } {
  const { file, args } = RUNTIMES[name]
  const folder = `${name}-${process.platform}-${process.arch}`
  const execPath = join(NODES_FOLDER, 'node_modules', folder, file)
  if (existsSync(execPath)) return { execPath, args }
  return { missing: `${name} is not installed; run 'npm run nodes' (Linux, x64 or arm64)`, args }
}
