import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const COMPILED = fileURLToPath(new URL('../', import.meta.url))

/** These load both cores, or measure times, so they run alone. */
const ALONE = [
  /^chaos\/(blocked-engine|blocked-main|disconnect|hostile|incarnations|soak|statuses)\./,
  /^nats\/record-speed\./,
  /^page\/many-engines\./,
  /^system\/scenarios\./,
]
/**
 * These take long, and have their own scripts: `npm run check` for the published package, and `npm
 * run test:fleet` for a network of hosts.
 */
const APART = [/^package\/(api\/|framework-types\.|installed\.|types\.)/, /^fleet\//]
/**
 * These take most of the time. They do not depend on the version of Node, or have long forms that run on
 * each version.
 */
const SLOW = [
  /^chaos\/(blocked-main|disconnect|hostile|incarnations|soak|statuses)\./,
  /^(nodes|system)\//,
  /^payloads\/python\./,
  /^(grafana|page|rules)\//,
  /^cli\/(completion|progress|scenario|simulate-screen|top)\./,
  /^cli\/screen\//,
  /^(journal\/memory-order|live\/(interval-between|merge-intervals)|nats\/folding)\./,
  /^nats\/(away-memory|election|full-disk|late-replica|record-speed|replicas)\./,
  /^nats\/(metrics-address|prometheus|scrape-targets|serve-options)\./,
  /^(house-rules|reference-cases)\./,
]

/**
 * These use few features of Node: calculations, formats, and texts of the command. They run only on
 * the oldest and the newest Node.
 */
const ON_EDGES = [
  /^(exposition|live|logging|registry|simulate|snapshot|stats|wire)\//,
  /^sound\/(errors|numbers)-/,
  /^cli\/(agreement|bad-input|dashboard|inspect|output|server-address|table|top-output|units)\./,
  /^nats\/(?!(bucket|survival)\.)/,
  /^(package\/loads|server\/guide)\./,
  /^(options|readme|run-yielding)\./,
]

/** Compiled test files: those that may run in parallel, and the others. */
export interface TestFiles {
  readonly together: readonly string[]
  readonly alone: readonly string[]
}

/** Which tests are run. */
export type TestSelection = 'fast' | 'slow' | 'all'

/** @param isEdge whether this is the oldest or the newest Node; others run less of the fast tests */
export function testFiles(selection: TestSelection, isEdge: boolean): TestFiles {
  const names = readdirSync(COMPILED, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.test.js') && !matches(APART, name))
    .filter((name) => selection === 'all' || matches(SLOW, name) === (selection === 'slow'))
    .filter((name) => selection !== 'fast' || isEdge || !matches(ON_EDGES, name))
    .sort()
  const paths = (isAlone: boolean) =>
    names.filter((name) => matches(ALONE, name) === isAlone).map((name) => join(COMPILED, name))
  return { together: paths(false), alone: paths(true) }
}

function matches(patterns: readonly RegExp[], name: string): boolean {
  return patterns.some((pattern) => pattern.test(name))
}
