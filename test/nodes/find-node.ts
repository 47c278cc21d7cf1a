import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's folder; the compiled code is three folders below it. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** Where `npm run nodes` installs. It is inside `node_modules`, so nothing else reads it. */
export const NODES_FOLDER = join(ROOT, 'node_modules', '.nodes')

/** The major versions that are supported. */
export const NODE_MAJORS: readonly number[] = [20, 22, 24, 26]

/** An executable of Node, or the reason why there is none. */
export type FoundNode = { readonly execPath: string } | { readonly missing: string }

/** Loads packages that are installed in the same folder as the versions of Node. */
export const requireBesideNodes: NodeJS.Require = createRequire(join(NODES_FOLDER, 'package.json'))

/** The major version of this process. */
export const OWN_MAJOR = Number.parseInt(process.versions.node, 10)

/** The package of a Node for this platform; there are some for Linux. */
function nodePackage(major: number): string {
  return `node-${major}-${process.platform}-${process.arch}`
}

/** The Node of a major version: the current one if it matches, otherwise an installed one. */
export function findNode(major: number): FoundNode {
  if (major === OWN_MAJOR) return { execPath: process.execPath }
  const execPath = join(NODES_FOLDER, 'node_modules', nodePackage(major), 'bin', 'node')
  if (existsSync(execPath)) return { execPath }
  return { missing: `Node ${major} is not installed; run 'npm run nodes' (Linux, x64 or arm64)` }
}
