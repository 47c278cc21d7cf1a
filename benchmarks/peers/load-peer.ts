import type { Peer } from './peer.js'

/** Loads the code of one peer only, so that the code of the others does not slow it down. */
const LOADERS: Readonly<Record<string, () => Promise<Peer>>> = {
  loop: async () => (await import('./loop-alone.js')).loopAlone,
  'bare-append': async () => (await import('./bare-append.js')).bareAppend,
  moonmeter: async () => (await import('./moonmeter.js')).moonmeter,
  'moonmeter-traced': async () => (await import('./moonmeter-traced.js')).moonmeterTraced,
  'push-rows': async () => (await import('./push-rows.js')).pushRows,
  'prom-client': async () => (await import('./prom-client.js')).promClient,
  platformatic: async () => (await import('./platformatic.js')).platformaticPromClient,
  'prom-aggregate': async () => (await import('./prom-aggregate.js')).promAggregate,
  opentelemetry: async () => (await import('./opentelemetry.js')).openTelemetry,
  'hdr-histogram': async () => (await import('./hdr-histogram.js')).hdrHistogram,
  'perf-hooks': async () => (await import('./perf-hooks.js')).perfHooks,
  'clone-rows': async () => (await import('./clone-rows.js')).cloneRows,
  'msgpack-rows': async () => (await import('./msgpack-rows.js')).msgpackRows,
}

/** The peers by name. */
export const PEER_NAMES: readonly string[] = Object.keys(LOADERS)

/** @throws Error for an unknown name */
export async function loadPeer(name: string): Promise<Peer> {
  const loader = LOADERS[name]
  if (loader === undefined) {
    throw new Error(`peer: expected one of ${PEER_NAMES.join(', ')}, got ${name}`)
  }
  return loader()
}
