import { Registry } from 'prom-client'

/** The type of the registry that is created if the caller passes none. */
export type DefaultRegistry = Registry

export function createRegistry(): DefaultRegistry {
  return new Registry()
}
