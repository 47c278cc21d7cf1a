/** A file of the repository: its path from the root with `/`, and its text. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

/** One violation of a rule, with its location. */
export type Violation = string

/** A rule that the linter cannot check: returns its violations in the given files. */
export type HouseRule = (files: readonly SourceFile[]) => Violation[]

/** The parts at the bottom, which every part may import. */
const BASE = [
  'describe',
  'errors',
  'catalogue',
  'options',
  'call-safely',
  'source-identity',
  'endianness',
  'run-yielding',
  'elapsed',
]
const DATA = ['stats', 'snapshot', 'journal', 'wire']
const FACADE = ['engine-aggregator', 'engine-aggregator-options', 'mooncake-store-prom-metrics']
const BELOW_FACADE = [...DATA, 'aggregator', 'links', 'logging', 'exposition', 'registry']

/**
 * Per part of `src` (a folder, or a file at its top level), the parts that it may import in
 * addition to itself and `BASE`. `workers` is the folder next to `src`.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  describe: [],
  errors: [],
  catalogue: [],
  options: [],
  'call-safely': [],
  'source-identity': [],
  endianness: [],
  elapsed: [],
  'run-yielding': [],
  stats: [],
  snapshot: ['stats'],
  journal: ['stats'],
  wire: ['stats'],
  recorder: ['stats', 'journal', 'wire'],
  opentelemetry: [],
  aggregator: DATA,
  links: ['stats', 'journal', 'aggregator'],
  logging: ['stats', 'snapshot'],
  exposition: ['stats', 'snapshot'],
  registry: ['stats', 'snapshot', 'exposition'],
  live: ['stats', 'snapshot', 'rules'],
  'engine-aggregator-options': BELOW_FACADE,
  'engine-aggregator': ['live', 'engine-aggregator-options', ...BELOW_FACADE],
  'mooncake-store-prom-metrics': BELOW_FACADE,
  pool: [...FACADE, 'recorder', 'journal'],
  simulate: ['stats'],
  server: ['exposition', 'registry'],
  fastify: ['exposition', 'registry', 'server'],
  payloads: [...FACADE, 'stats', 'wire', 'aggregator', 'server'],
  nats: [...FACADE, 'payloads', 'stats', 'snapshot', 'wire', 'recorder', 'aggregator'],
  grafana: ['exposition', 'live'],
  rules: ['exposition'],
  page: ['live', 'stats'],
  dashboard: [...FACADE, 'live', 'registry', 'server'],
  cli: [
    ...[...FACADE, ...BELOW_FACADE, 'live', 'recorder', 'pool', 'simulate', 'server'],
    ...['dashboard', 'grafana', 'nats', 'payloads', 'rules', 'workers'],
  ],
  index: [...FACADE, ...BELOW_FACADE, 'recorder', 'pool', 'server'],
  workers: ['recorder', 'simulate', 'pool'],
}
/** Imports that are permitted between parts of `BASE`. */
const BASE_IMPORTS: Readonly<Record<string, readonly string[]>> = {
  describe: [],
  errors: [],
  catalogue: [],
  options: ['describe', 'errors'],
  'call-safely': ['describe'],
  'source-identity': ['describe', 'errors'],
  endianness: ['errors'],
  elapsed: [],
  'run-yielding': ['elapsed'],
}

/** The one folder of `src` that may import each npm package. */
const PACKAGE_FOLDERS: Readonly<Record<string, string>> = {
  msgpackr: 'wire',
  'prom-client': 'registry',
  fastify: 'fastify',
  piscina: 'pool',
  negotiator: 'server',
  moonmeter: 'pool',
  'eventsource-parser': 'live',
  uplot: 'page',
  commander: 'cli',
  'string-width': 'cli',
  pino: 'cli',
  yaml: 'rules',
  '@opentelemetry/api': 'opentelemetry',
  '@nats-io/jetstream': 'nats',
  '@nats-io/kv': 'nats',
  '@nats-io/transport-node': 'nats',
  '@grafana/grafana-foundation-sdk': 'grafana',
}

const IMPORT = /\b(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/g
const BARE_IMPORT = /\bimport\s*\(?\s*['"]([^'"]+)['"]/g
/**
 * Paths of programs, homes and temporary files of one machine; tests must get such paths from the
 * OS.
 */
const MACHINE_PATH = /(?<![\w.$}~-])\/(?:work|home|root|Users|tmp|opt|mnt|usr\/local)\/[\w.-]+/

/** Parts import only the parts that the table permits. */
export const importDirection: HouseRule = (files) =>
  files.filter(isProgram).flatMap((file) => {
    const from = partOf(file.path)
    const allowed = BASE_IMPORTS[from] ?? [...BASE, ...(MAY_IMPORT[from] ?? [])]
    if (MAY_IMPORT[from] === undefined) return [`${file.path}: '${from}' is in no row of the table`]
    return importsOf(file.text)
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => partOf(resolvePath(file.path, specifier)))
      .filter((to) => to !== from && !allowed.includes(to))
      .map((to) => `${file.path}: ${from} must not import ${to}`)
  })

/** Each npm package is imported in one folder of `src`, so that it can be replaced there. */
export const packageFolders: HouseRule = (files) =>
  files.filter(isProgram).flatMap((file) =>
    importsOf(file.text)
      .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
      .map((specifier) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/'))
      .filter((name) => PACKAGE_FOLDERS[name] !== partOf(file.path))
      .map(
        (name) => `${file.path}: ${name} belongs in ${PACKAGE_FOLDERS[name] ?? 'no folder yet'}`,
      ),
  )

/** No file contains a path of one machine. */
export const noMachinePaths: HouseRule = (files) =>
  files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => {
      const found = MACHINE_PATH.exec(line)?.[0]
      return found === undefined ? [] : [`${path}:${index + 1}: ${found} is a path of one machine`]
    }),
  )

function isProgram({ path }: SourceFile): boolean {
  return /^(?:src|workers)\/.*\.ts$/.test(path)
}

/**
 * The part of a path: `wire` for `src/wire/report.ts`, `errors` for `src/errors.ts`, `workers` for
 * `workers/engine.ts`.
 */
function partOf(path: string): string {
  const [top = '', part = ''] = path.split('/')
  return top === 'src' ? part.replace(/\.[jt]s$/, '') : top
}

function importsOf(text: string): string[] {
  const code = withoutComments(text)
  return [IMPORT, BARE_IMPORT].flatMap((pattern) =>
    [...code.matchAll(pattern)].map(([, specifier = '']) => specifier),
  )
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1')
}

function resolvePath(from: string, specifier: string): string {
  const parts = from.split('/').slice(0, -1)
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '.') parts.push(part)
  }
  return parts.join('/')
}
