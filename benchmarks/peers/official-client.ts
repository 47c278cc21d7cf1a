import type { Registry } from 'prom-client'
import { OFFICIAL_CLIENT, requireBesideNode24 } from '../harness/node-24.js'
import type { PromModule } from './prom-session.js'

/** A registry of the main thread that asks those of the workers at each scrape. */
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

/** The official client, from where it is installed. */
export function loadOfficialClient(): OfficialClient {
  return requireBesideNode24(OFFICIAL_CLIENT) as OfficialClient
}
