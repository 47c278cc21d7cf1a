import type * as prom from 'prom-client'
import { releaseChunks } from '../../src/prometheus/chunk-pool.js'
import { renderRegistry } from '../../src/prometheus/render.js'
import type { Fleet } from './fleet.js'
import { MoonmeterFleet, PromFleet } from './fleet.js'

/** A fleet of some peer: `moonmeter`, `moonmeter-registry`, `prom-client` or `platformatic`. */
export async function makeFleet(peer: string, engines: number): Promise<Fleet> {
  if (peer.startsWith('moonmeter')) return new MoonmeterFleet(engines)
  if (peer === 'prom-client') return new PromFleet(engines)
  const platformatic: unknown = await import('@platformatic/prom-client')
  return new PromFleet(engines, platformatic as typeof prom)
}

/**
 * What a server of a fleet would send: ours as `metricsHandler` makes it, of others
 * `registry.metrics()`, which is a string that is still to be encoded.
 */
export async function expose(peer: string, { registry }: Fleet): Promise<string | Uint8Array[]> {
  return peer === 'moonmeter' ? renderRegistry(registry) : registry.metrics()
}

/** An exposition was sent, and its memory is free. */
export function discard(exposition: string | Uint8Array[]): void {
  if (typeof exposition !== 'string') releaseChunks(exposition)
}

/** An exposition as one string. */
export function textOf(exposition: string | Uint8Array[]): string {
  return typeof exposition === 'string' ? exposition : Buffer.concat(exposition).toString('latin1')
}

/**
 * Check that two expositions of the same rows hold the same samples of the store's families; sums of
 * durations may differ by what naive addition loses.
 *
 * @throws Error with the first line that differs
 */
export function assertSameExposition(left: string, right: string): void {
  const [ours, theirs] = [samplesOf(left), samplesOf(right)]
  if (ours.size !== theirs.size) throw new Error(`fleet: ${ours.size} samples, not ${theirs.size}`)
  for (const [name, value] of ours) {
    const other = theirs.get(name)
    if (other !== undefined && Math.abs(value - other) <= 1e-9 * Math.abs(other)) continue
    throw new Error(`fleet: expected ${name} ${other}, got ${value}`)
  }
}

function samplesOf(exposition: string): Map<string, number> {
  const lines = exposition.split('\n').filter((line) => line.startsWith('vllm:'))
  return new Map(lines.map(readLine))
}

/** The labels in alphabetical order and `le` as a number, since the orders and texts differ. */
function readLine(line: string): [string, number] {
  const [, name = '', labels = '', value = ''] = /^([^{]+)\{(.*)\} (\S+)$/.exec(line) ?? []
  const sorted = labels
    .replace(/le="(\d+)\.0"/, 'le="$1"')
    .split(',')
    .sort()
    .join(',')
  return [`${name}{${sorted}}`, Number(value)]
}
