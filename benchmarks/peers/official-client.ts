import type { Registry } from 'prom-client'
import { requireBesideNodes } from '../../test/nodes/find-node.js'
import type { PromModule } from './prom-session.js'

/** The official client of the Prometheus project, which needs Node 22. */
export const OFFICIAL_CLIENT = '@prometheus-io/client'

/** A registry of the main thread that collects from the workers at each scrape. */
interface WorkerRegistry {
  workerMetrics(): Promise<string>
}

/** The part of `@prometheus-io/client` that is used here. */
export interface OfficialClient extends PromModule {
  readonly WorkerRegistry: {
    new (): WorkerRegistry
    setRegistries(registries: readonly Registry[]): void
    workerCount(): number
  }
}

/** The installed official client. */
export function loadOfficialClient(): OfficialClient {
  return requireBesideNodes(OFFICIAL_CLIENT) as OfficialClient
}
