import { setImmediate as turn } from 'node:timers/promises'
import type * as prom from 'prom-client'
import { releaseBuffers } from '../../src/exposition/buffer-pool.js'
import { FORMATS } from '../../src/exposition/formats.js'
import { renderRegistry } from '../../src/registry/render-registry.js'
import { ConnectedFleet } from './connected-fleet.js'
import type { Fleet } from './fleet.js'
import { MoonmeterFleet, PromFleet } from './fleet.js'

/** Turns of the event loop after which all deferred work is done. */
const TURNS = 3
const RENDERED = ['moonmeter', 'moonmeter-gzip', 'moonmeter-silent']

/**
 * A fleet of some peer: `moonmeter`, `moonmeter-gzip`, `moonmeter-registry`, `moonmeter-silent`,
 * `prom-client` or `platformatic`.
 */
export async function makeFleet(peer: string, engines: number): Promise<Fleet> {
  if (peer === 'moonmeter-silent') return ConnectedFleet.open(engines)
  if (peer.startsWith('moonmeter')) return new MoonmeterFleet(engines)
  if (peer === 'prom-client') return new PromFleet(engines)
  const platformatic: unknown = await import('@platformatic/prom-client')
  return new PromFleet(engines, platformatic as typeof prom)
}

/**
 * The exposition of a fleet: of `moonmeter`, `moonmeter-gzip` and `moonmeter-silent` the buffers that
 * `metricsHandler` sends or compresses, of others `registry.metrics()`, a string that is still to be encoded.
 */
export async function expose(peer: string, { registry }: Fleet): Promise<string | Uint8Array[]> {
  if (!RENDERED.includes(peer)) return registry.metrics()
  return (await renderRegistry(registry, FORMATS.text)).buffers
}

/**
 * Lets a scrape start in a separate turn, after all deferred work of the reports. Their garbage is
 * collected, too: V8 otherwise schedules this for a time that may be within the scrape.
 */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < TURNS; turns++) await turn()
  globalThis.gc?.({ type: 'minor', execution: 'sync' })
}

/**
 * Returns the buffers of an exposition to the pool, as `metricsHandler` does after sending them.
 */
export function discard(exposition: string | Uint8Array[]): void {
  if (typeof exposition !== 'string') releaseBuffers(exposition)
}

/** An exposition as one string. */
export function textOf(exposition: string | Uint8Array[]): string {
  return typeof exposition === 'string' ? exposition : Buffer.concat(exposition).toString('latin1')
}

/**
 * Checks that two expositions of the same rows contain the same samples of the store's families;
 * sums of durations may differ by the rounding of naive addition.
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

/**
 * The labels in alphabetical order and `le` as a number: peers order and write them differently.
 */
function readLine(line: string): [string, number] {
  const [, name = '', labels = '', value = ''] = /^([^{]+)\{(.*)\} (\S+)$/.exec(line) ?? []
  const sorted = labels
    .replace(/le="(\d+)\.0"/, 'le="$1"')
    .split(',')
    .sort()
    .join(',')
  return [`${name}{${sorted}}`, Number(value)]
}
