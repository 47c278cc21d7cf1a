import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { SnapshotData } from '../../src/index.js'
import { Child } from '../support/processes/child.js'
import { readmeExample } from '../support/processes/readme-project.js'
import { npm, pack, temporaryFolder } from './packed.js'

/** Errors of npm if a package is not in its cache and the registry is unreachable. */
const OFFLINE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENOTCACHED|ETIMEDOUT/
/** Speeds up the decoding of strings, of which reports have few; optional for msgpackr. */
const OPTIONAL_NATIVE = ['node_modules/msgpackr-extract']
/** These are for contributors, and link to files of the repository. */
const OF_CONTRIBUTORS = ['src/README.md', 'benchmarks/README.md']
const LINK = /\]\(([^)#:]+)(?:#[^)]*)?\)/g
const SOURCE_MAP = /^\/\/# sourceMappingURL=(.+)$/m
/** The end of a user's program with the README's example. */
const END = `
const timer = setInterval(async () => {
  const { sources } = aggregator.snapshot()
  if (sources.some(({ series }) => series.length < 2)) return
  clearInterval(timer)
  await aggregator.close({ unregister: true })
  process.stdout.write('snapshot ' + JSON.stringify(aggregator.snapshot()), () => process.exit())
}, 10)
`
test('the package, installed without install scripts,', async (context) => {
  const folder = temporaryFolder(context)
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  if (!install(context, folder)) return
  const own = join(folder, 'node_modules/moonmeter')

  await context.test('runs the example of the README', async (context) => {
    const main = (await readmeExample('main.js')).replace('9464', '0')
    writeFileSync(join(folder, 'main.js'), main + END)
    writeFileSync(join(folder, 'engine.js'), await readmeExample('engine.js'))
    const { stdout, stderr } = await run(context, join(folder, 'main.js'))
    assert.equal(stderr, '')
    const { sources }: SnapshotData = JSON.parse(stdout.slice(stdout.indexOf('snapshot ') + 9))
    const rows = sources.map(({ series }) => series.map(({ rows }) => rows))
    assert.deepEqual(rows, [
      [1, 1],
      [1, 1],
    ])
  })

  await context.test('has a command', async (context) => {
    const { stdout } = await run(context, join(folder, 'node_modules/.bin/moonmeter'), '--version')
    const { version } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8'))
    assert.equal(stdout, `${version}\n`)
  })

  await context.test('prints a dashboard without the package that builds it', async (context) => {
    const command = join(folder, 'node_modules/.bin/moonmeter')
    const { stdout, stderr } = await run(context, command, 'dashboard')
    assert.equal(stderr, '')
    assert.equal(JSON.parse(stdout).uid, 'moonmeter')
    assert.equal(existsSync(join(folder, 'node_modules/@grafana')), false)
    const bundle = readFileSync(join(own, 'dist/src/grafana/dashboard.js'), 'utf8')
    const [notice = ''] = bundle.split('*/', 1)
    assert.match(notice, /^\/\*!\n.*grafana-foundation-sdk.*\n.*Copyright 2024 Grafana Labs/)
  })

  await context.test('installed prom-client, and no package that needs an install script', () => {
    const lock = join(folder, 'node_modules/.package-lock.json')
    const { packages } = JSON.parse(readFileSync(lock, 'utf8')) as Lock
    assert.ok('node_modules/prom-client' in packages)
    const scripted = Object.entries(packages).filter(([, { hasInstallScript }]) => hasInstallScript)
    assert.deepEqual(
      scripted.filter(([path, { optional }]) => !(optional && OPTIONAL_NATIVE.includes(path))),
      [],
    )
  })

  await context.test('has every file that its source maps and guides refer to', () => {
    const files = readdirSync(own, { recursive: true, encoding: 'utf8' }).map((file) =>
      join(own, file),
    )
    const missing = files
      .filter((file) => !OF_CONTRIBUTORS.includes(file.slice(own.length + 1)))
      .flatMap(leadsTo)
      .filter((file) => !existsSync(file))
    assert.deepEqual(missing, [])
    assert.ok(files.some((file) => leadsTo(file).includes(join(own, 'src/index.ts'))))
  })
})

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly hasInstallScript?: boolean; readonly optional?: boolean }>
  >
}

/**
 * Installs the packed package. If no registry is reachable, the test is skipped and false returned.
 */
function install(context: TestContext, folder: string): boolean {
  const flags = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund']
  try {
    npm(['install', ...flags, pack(folder)], folder)
    return true
  } catch (error) {
    if (process.env.CI === 'true' || !OFFLINE.test(String(error))) throw error
    context.skip('the npm registry cannot be reached')
    return false
  }
}

function run(context: TestContext, ...args: readonly string[]) {
  return new Child(context, process.execPath, args).end()
}

/** The files that a compiled file, a source map or a document refers to. */
function leadsTo(file: string): string[] {
  if (!/\.(?:js|cjs|ts|map|md)$/.test(file)) return []
  const text = readFileSync(file, 'utf8')
  const here = (path: string) => join(dirname(file), path)
  if (file.endsWith('.map')) {
    const { sources }: { readonly sources: readonly string[] } = JSON.parse(text)
    return sources.map(here)
  }
  if (file.endsWith('.md')) return [...text.matchAll(LINK)].map(([, path = '']) => here(path))
  const [, map] = SOURCE_MAP.exec(text) ?? []
  return map === undefined ? [] : [here(map)]
}
