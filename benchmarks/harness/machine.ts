import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { NODES_FOLDER } from '../../test/nodes/find-node.js'
import { OFFICIAL_CLIENT } from '../peers/official-client.js'
import { ROOT } from './root.js'

const PEERS = [
  'prom-client',
  '@platformatic/prom-client',
  '@opentelemetry/sdk-metrics',
  'hdr-histogram-js',
  'msgpackr',
]
const BYTES_PER_GIB = 2 ** 30

/** The machine, the commit and the versions of a run. */
export interface Machine {
  readonly date: string
  readonly commit: string
  readonly cpu: string
  readonly memory: string
  readonly system: string
  readonly node: string
  readonly v8: string
  /** The versions of the peers. */
  readonly versions: Readonly<Record<string, string>>
}

/** Describes this machine and checkout. */
export function describeMachine(): Machine {
  const [cpu] = cpus()
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    cpu: `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}`,
    memory: `${(totalmem() / BYTES_PER_GIB).toFixed(0)} GiB`,
    system: `${type()} ${release()}`,
    node: process.versions.node,
    v8: process.versions.v8,
    versions: Object.fromEntries([
      ...PEERS.map((name) => [name, versionOf(ROOT, name)]),
      // It only exists after `npm run nodes`.
      ...[OFFICIAL_CLIENT]
        .filter((name) => existsSync(packageFile(NODES_FOLDER, name)))
        .map((name) => [name, versionOf(NODES_FOLDER, name)]),
    ]),
  }
}

/** One paragraph of Markdown. */
export function machineText(machine: Machine): string {
  const packages = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`)
  return (
    `${machine.date}, commit ${machine.commit}, ${machine.cpu} with ${machine.memory}, ` +
    `${machine.system}, Node ${machine.node} (V8 ${machine.v8}); ${packages.join(', ')}.`
  )
}

function commit(): string {
  try {
    const run = (...args: string[]) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' })
    const changed = run('status', '--porcelain', '--', 'src', 'benchmarks/**.ts').trim() !== ''
    return `${run('rev-parse', '--short', 'HEAD').trim()}${changed ? ' and changes' : ''}`
  } catch {
    return 'unknown'
  }
}

function versionOf(folder: string, name: string): string {
  const text = readFileSync(packageFile(folder, name), 'utf8')
  return (JSON.parse(text) as { readonly version: string }).version
}

function packageFile(folder: string, name: string): string {
  return join(folder, 'node_modules', name, 'package.json')
}
