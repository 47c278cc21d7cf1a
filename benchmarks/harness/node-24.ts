import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Runtime } from './benchmark-case.js'
import { ROOT } from './root.js'

/** Where `npm run bench:node24` installs. It is inside `node_modules`, so nothing else reads it. */
export const NODE_24_FOLDER = join(ROOT, 'node_modules', '.node-24')
const INSTALL = "run 'npm run bench:node24' to install it"
/** The first major version that the official client runs on. */
const MAJOR_MIN = 22

/** The official client of the Prometheus project, which needs Node 22. */
export const OFFICIAL_CLIENT = '@prometheus-io/client'

/** The package of Node 24 for this platform; there is one for Linux. */
export const NODE_24_PACKAGE = `node-${process.platform}-${process.arch}`

/** Loads packages that are installed beside Node 24. */
export const requireBesideNode24: NodeJS.Require = createRequire(
  join(NODE_24_FOLDER, 'package.json'),
)

/** The Node 24 that is installed for the benchmarks, or this Node where it is as new. */
export function node24(): Runtime {
  if (!existsSync(join(NODE_24_FOLDER, 'node_modules', OFFICIAL_CLIENT))) {
    return { missing: `${OFFICIAL_CLIENT} is not installed; ${INSTALL}` }
  }
  const { platform, arch, versions } = process
  const installed = join(NODE_24_FOLDER, 'node_modules', NODE_24_PACKAGE, 'bin', 'node')
  if (existsSync(installed)) return { execPath: installed }
  if (Number.parseInt(versions.node, 10) >= MAJOR_MIN) return { execPath: process.execPath }
  return { missing: `there is no Node 24 for ${platform} ${arch}; use Node ${MAJOR_MIN} or later` }
}
