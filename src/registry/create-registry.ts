import { Registry } from 'prom-client'

/** The registry that is created where the caller passes none. */
export type DefaultRegistry = Registry

export function createRegistry(): DefaultRegistry {
  return new Registry()
}
