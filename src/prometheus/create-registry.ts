import { Registry } from 'prom-client'
import type { MetricsRegistry } from './metrics-registry.js'

/** A registry of one's own, for who has none. */
export function createRegistry(): MetricsRegistry {
  return new Registry()
}
