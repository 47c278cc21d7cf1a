import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of `package.json`, from wherever the code was compiled to. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const PEERS = [
  'prom-client',
  '@platformatic/prom-client',
  '@opentelemetry/sdk-metrics',
  'hdr-histogram-js',
  'msgpackr',
]
const BYTES_PER_GIB = 2 ** 30

/** Where and with what a run was made. */
export interface Machine {
  readonly date: string
  readonly commit: string
  readonly cpu: string
  readonly memory: string
  readonly system: string
  readonly node: string
  readonly v8: string
  /** Peers with their versions. */
  readonly versions: Readonly<Record<string, string>>
}

/** Looks at this machine. */
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
    versions: Object.fromEntries(PEERS.map((name) => [name, versionOf(name)])),
  }
}

/** One paragraph of Markdown. */
export function machineText(machine: Machine): string {
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`)
  return (
    `${machine.date}, commit ${machine.commit}, ${machine.cpu} with ${machine.memory}, ` +
    `${machine.system}, Node ${machine.node} (V8 ${machine.v8}); ${versions.join(', ')}.`
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

function versionOf(name: string): string {
  const file = join(ROOT, 'node_modules', name, 'package.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version
}
