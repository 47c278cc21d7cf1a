import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type MetricDefinition, SELF_METRICS, STORE_METRICS } from '../src/catalogue.js'
import { EngineAggregator } from '../src/index.js'
import { pack } from '../src/wire/msgpack.js'
import {
  type HouseRule,
  importDirection,
  noMachinePaths,
  packageFolders,
  type SourceFile,
} from './support/assertions/house-rules.js'
import { undeclaredMetrics, undocumentedMetrics } from './support/assertions/metric-rules.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const README = join(ROOT, 'README.md')
const FOLDERS = ['src', 'workers', 'test', 'benchmarks', '.ci']
const TOP_FILES = [
  'package.json',
  'tsconfig.json',
  'biome.json',
  'knip.json',
  'rolldown.config.js',
  'README.md',
  'CHANGELOG.md',
]
const METRICS: readonly MetricDefinition[] = Object.values({ ...STORE_METRICS, ...SELF_METRICS })

/** Joins two texts that together match a rule, so that the rule does not match this file. */
const home = `/${'home'}/somebody/moonmeter`

interface RuleCase {
  readonly rule: HouseRule
  readonly keeps: string
  /** Files that break the rule, each in its own way, by path. */
  readonly planted: readonly (readonly [path: string, text: string])[]
  /** Similar files that do not break it. */
  readonly innocent: readonly (readonly [path: string, text: string])[]
}

const CASES: readonly RuleCase[] = [
  {
    rule: importDirection,
    keeps: 'imports go in the direction of the data',
    planted: [
      ['src/stats/row.ts', "import { pack } from '../wire/msgpack.js'"],
      ['src/recorder/recorder.ts', "import type { Engine } from '../aggregator/source.js'"],
      ['src/wire/payload.ts', "export { Journal } from '../journal/journal.js'"],
      ['src/errors.ts', "import { refuse } from './options.js'"],
      ['src/pool/engine-pool.ts', "import { listen } from '../server/metrics-server.js'"],
      ['src/aggregator/a.ts', "import { Connection } from '../links/connection.js'"],
      ['src/aggregator/b.ts', "import { FORMATS } from '../exposition/formats.js'"],
      ['src/snapshot/a.ts', "import { pack } from '../wire/msgpack.js'"],
      ['src/stats/a.ts', "import { Snapshot } from '../snapshot/snapshot.js'"],
      ['src/simulate/engine.ts', "const { run } = await import('../pool/engine-pool.js')"],
      ['src/exposition/a.ts', "import {\n  one,\n  two,\n} from '../aggregator/source.js'"],
      ['src/server/a.ts', "import '../cli/main.js'"],
      ['src/aggregator/a.ts', "import type { Task } from '../../workers/engine.js'"],
      ['workers/engine.ts', "import { listen } from '../src/server/metrics-server.js'"],
      ['src/index.ts', "import { metricsPlugin } from './fastify/metrics-plugin.js'"],
      ['src/server/a.ts', "import type { a } from '../fastify/metrics-plugin.js'"],
      ['src/grafana/a.ts', "import { Snapshot } from '../snapshot/snapshot.js'"],
      ['src/server/a.ts', "import type { a } from '../grafana/dashboard.js'"],
      ['src/rules/a.ts', "import { Snapshot } from '../snapshot/snapshot.js'"],
      ['src/index.ts', "import { ruleFile } from './rules/rule-file.js'"],
      ['src/page/a.ts', "import { listen } from '../server/metrics-server.js'"],
      ['src/dashboard/a.ts', "import { Page } from '../page/page.js'"],
      ['src/index.ts', "import { natsSink } from './nats/index.js'"],
      ['src/nats/a.ts', "import { listen } from '../server/metrics-server.js'"],
      ['src/novelty/a.ts', ''],
    ],
    innocent: [
      ['src/stats/row.ts', "// import { pack } from '../wire/msgpack.js'"],
      [
        'src/stats/a.ts',
        "/**\n * import { a } from '../wire/a.js'\n */\nimport { b } from './b.js'",
      ],
      ['src/journal/journal.ts', "import { BinLayout } from '../stats/bin-layout.js'"],
      ['src/cli/main.ts', "import type { Task } from '../../workers/engine.js'"],
      ['workers/engine.ts', "import { MoonmeterError } from '../src/errors.js'"],
      ['test/wire/a.test.ts', "import { EnginePool } from '../../src/pool/engine-pool.js'"],
    ],
  },
  {
    rule: packageFolders,
    keeps: 'each npm package is imported in one folder',
    planted: [
      ['src/recorder/recorder.ts', "import { pack } from 'msgpackr'"],
      ['src/aggregator/a.ts', "import { Registry } from 'prom-client'"],
      ['src/index.ts', "export { Piscina } from 'piscina'"],
      ['src/server/a.ts', "import type { FastifyReply } from 'fastify'"],
      ['src/server/a.ts', "const { pino } = await import('pino')"],
      ['src/cli/a.ts', "import { connect } from '@nats-io/transport-node'"],
      ['src/cli/a.ts', "import { PanelBuilder } from '@grafana/grafana-foundation-sdk/stat'"],
      ['src/cli/a.ts', "import { stringify } from 'yaml'"],
      ['src/live/a.ts', "import uPlot from 'uplot'"],
      ['src/wire/a.ts', "import { pack } from 'msgpackr/pack'\nimport left from '@scope/pad/x'"],
    ],
    innocent: [
      ['src/wire/a.ts', "import { pack } from 'msgpackr/pack'"],
      ['src/cli/a.ts', "import { Command } from 'commander'\nimport { pino } from 'pino'"],
      ['src/pool/a.ts', "import { Piscina } from 'piscina'\nimport { once } from 'node:events'"],
      ['test/a.test.ts', "import fc from 'fast-check'"],
    ],
  },
  {
    rule: noMachinePaths,
    keeps: 'no file holds a path of the machine it was written on',
    planted: [
      ['README.md', `cd ${home}`],
      ['src/a.ts', `const a = '${home}'`],
      ['.ci/run', `cp a ${home}`],
    ],
    innocent: [
      ['src/a.ts', "import a from '../work/a.js' // see https://example.com/home/index"],
      ['.ci/run', 'cat /usr/bin/env > /dev/null'],
    ],
  },
]

const files = repositoryFiles()

test('there are files to check', () => {
  const paths = files.map(({ path }) => path)
  for (const path of ['src/index.ts', 'workers/engine.ts', 'test/house-rules.test.ts']) {
    assert.ok(paths.includes(path), path)
  }
})

for (const { rule, keeps, planted, innocent } of CASES) {
  test(keeps, () => assert.deepEqual(rule(files), []))

  test(`a violation of “${keeps}” is found, and nothing else`, () => {
    for (const [path, text] of planted) {
      assert.equal(rule([{ path, text }]).length, 1, `${path}: ${text}`)
    }
    for (const [path, text] of innocent) assert.deepEqual(rule([{ path, text }]), [], text)
  })
}

test('every metric exposed is declared in the catalogue, and the reverse', async () => {
  assert.deepEqual(undeclaredMetrics(METRICS, await fullExposition()), [])
})

test('a metric that differs from its declaration is found', async () => {
  const exposition = await fullExposition()
  const [first, ...others] = METRICS
  assert.ok(first !== undefined)
  const broken: readonly (readonly MetricDefinition[])[] = [
    others,
    [...METRICS, { name: 'moonmeter_new', type: 'gauge', help: 'New.', labels: [] }],
    [{ ...first, labels: ['engine'] }, ...others],
    [{ ...first, labels: [...first.labels, 'le'] }, ...others],
    [{ ...first, help: 'Other.' }, ...others],
    [{ ...first, type: 'gauge' }, ...others],
  ]
  for (const metrics of broken) assert.notDeepEqual(undeclaredMetrics(metrics, exposition), [])
})

test('every metric is in the table of the README, and nothing else', () => {
  assert.deepEqual(undocumentedMetrics(METRICS, readFileSync(README, 'utf8')), [])
})

test('a missing or surplus metric in a table is found', () => {
  const rows = METRICS.map(({ name }) => `| \`${name}\` | what it is |`)
  assert.deepEqual(undocumentedMetrics(METRICS, rows.join('\n')), [])
  assert.equal(undocumentedMetrics(METRICS, rows.slice(1).join('\n')).length, 1)
  assert.equal(undocumentedMetrics(METRICS, [...rows, '| `moonmeter_gone` |'].join('\n')).length, 1)
  const prose = METRICS.map(({ name }) => `\`${name}\``).join(' ')
  assert.equal(undocumentedMetrics(METRICS, prose).length, METRICS.length)
})

/** An exposition in which every family has a sample. */
async function fullExposition(): Promise<string> {
  const aggregator = new EngineAggregator()
  const row = { duration_seconds: 1, num_keys: 1 }
  aggregator.ingest(pack({ save_put: [row] }), { engine: 1 })
  aggregator.ingest(new Uint8Array(), { engine: 1 })
  aggregator.noteRestart(1, 'exit')
  const text = await aggregator.registry.metrics()
  await aggregator.close()
  return text
}

function repositoryFiles(): SourceFile[] {
  const found = FOLDERS.filter((folder) => existsSync(join(ROOT, folder))).flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.json'))
      .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length).replaceAll('\\', '/')),
  )
  return [...found, ...TOP_FILES.filter((file) => existsSync(join(ROOT, file)))]
    .filter((path) => !/\.(?:jsonl|png)$/.test(path))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
}
