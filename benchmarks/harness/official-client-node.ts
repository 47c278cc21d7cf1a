import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type FoundNode, findNode, NODES_FOLDER, OWN_MAJOR } from '../../test/nodes/find-node.js'
import { OFFICIAL_CLIENT } from '../peers/official-client.js'

/** The first major version that the official client supports, and the one of its case. */
const MAJOR_MIN = 22
const MAJOR = 24

/** The Node for the official client: this one if the client supports it, otherwise Node 24. */
export function officialClientNode(): FoundNode {
  if (!existsSync(join(NODES_FOLDER, 'node_modules', OFFICIAL_CLIENT))) {
    return { missing: `${OFFICIAL_CLIENT} is not installed; run 'npm run nodes'` }
  }
  const found = findNode(MAJOR)
  return 'missing' in found && OWN_MAJOR >= MAJOR_MIN ? { execPath: process.execPath } : found
}
