import type * as prom from 'prom-client'
import { OWN_MAJOR } from '../../nodes/find-node.js'

/** A library with the interface of prom-client. */
export interface RegistryLibrary {
  readonly name: string
  /** Whether its registries can write OpenMetrics. */
  readonly hasOpenMetrics: boolean
  /** The reason to skip it; false if it can be loaded. */
  readonly skip: string | false
  load(): Promise<typeof prom>
}

/** The first major version of Node that the official client supports. */
const OFFICIAL_NODE_MIN = 22

/** The supported libraries. */
export const LIBRARIES: readonly RegistryLibrary[] = [
  library('prom-client', () => import('prom-client')),
  { ...library('prom-client-14', () => import('prom-client-14')), hasOpenMetrics: false },
  library('@platformatic/prom-client', () => import('@platformatic/prom-client')),
  {
    ...library('@prometheus-io/client', () => import('@prometheus-io/client')),
    skip: OWN_MAJOR < OFFICIAL_NODE_MIN && `it needs Node ${OFFICIAL_NODE_MIN}`,
  },
]

export const OPENMETRICS_LIBRARIES = LIBRARIES.filter(({ hasOpenMetrics }) => hasOpenMetrics)

/** @param load imports the library; tests use it with the types of prom-client 15 */
function library(name: string, load: () => Promise<unknown>): RegistryLibrary {
  return { name, hasOpenMetrics: true, skip: false, load: () => load() as Promise<typeof prom> }
}
