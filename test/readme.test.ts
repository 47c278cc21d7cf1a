import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { SnapshotData } from '../src/index.js'
import { parseExposition } from './support/assertions/exposition.js'
import { Child } from './support/processes/child.js'
import { waitUntil } from './support/processes/wait-until.js'

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url))
const EXAMPLE = /<!-- example: (\S+) -->\n```js\n(.*?)```/gs
const LINK = /\]\(([^)#:]+)(?:#[^)]*)?\)/g
const DOCUMENTS = [
  'README.md',
  'src/README.md',
  'src/cli/README.md',
  'src/registry/README.md',
  'benchmarks/README.md',
  'test/examples/README.md',
]
const ENGINES = ['0', '1']
/** What a user of the pool's example does next. */
const RUN_POOL = `
await Promise.all([1, 2, 3, 4].map((numKeys) => pool.run(numKeys)))
console.log(JSON.stringify(aggregator.snapshot()))
await pool.destroy()
await aggregator.close()
`

test('the example of the README with worker threads serves what its engines record', async (context) => {
  const { folder, examples } = await makeProject(context)
  const port = String(await freePort())
  for (const name of ['main.js', 'engine.js']) {
    await writeFile(join(folder, name), exampleOf(examples, name).replace('9464', port))
  }

  const child = new Child(context, process.execPath, [join(folder, 'main.js')])
  const samples = await waitUntil('rows of both engines', async () => {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined)
    if (response === undefined) return undefined
    const all = parseExposition(await response.text())
    const calls = all.filter(({ name }) => name === 'vllm:mooncake_store_operation_total')
    return calls.length === 4 && all
  })
  const sampleOf = (name: string, operation: string, engine: string) =>
    samples.find((sample) => {
      const { labels } = sample
      return sample.name === name && labels.operation === operation && labels.engine === engine
    })?.value
  for (const engine of ENGINES) {
    assert.equal(sampleOf('vllm:mooncake_store_operation_keys_total', 'load_get', engine), 12)
    assert.equal(sampleOf('vllm:mooncake_store_operation_failed_keys_total', 'save_put', engine), 4)
  }
  child.kill('SIGTERM')
  assert.equal((await child.end()).stderr, '')
})

test('the example of the README with a plain Piscina pool records what its tasks record', async (context) => {
  const { folder, examples } = await makeProject(context)
  await writeFile(join(folder, 'pool.js'), exampleOf(examples, 'pool.js') + RUN_POOL)
  await writeFile(join(folder, 'task.js'), exampleOf(examples, 'task.js'))
  const { stdout, stderr } = await new Child(context, process.execPath, [
    join(folder, 'pool.js'),
  ]).end()
  assert.equal(stderr, '')
  const { sources }: SnapshotData = JSON.parse(stdout)
  const keys = sources.flatMap(({ series }) => series.map(({ numKeys }) => numKeys))
  assert.deepEqual(
    sources.map(({ engine }) => engine),
    [0, 1],
  )
  assert.equal(
    keys.reduce((sum, count) => sum + count),
    1 + 2 + 3 + 4,
  )
})

test('every relative link of the documentation leads to a file', async () => {
  for (const document of DOCUMENTS) {
    const text = await readFile(join(REPOSITORY, document), 'utf8')
    for (const [, path = ''] of text.matchAll(LINK)) {
      assert.ok(existsSync(join(REPOSITORY, dirname(document), path)), `${document}: ${path}`)
    }
  }
})

/** A project of a user who installed moonmeter and Piscina, and the examples by file name. */
async function makeProject(context: TestContext) {
  const readme = await readFile(join(REPOSITORY, 'README.md'), 'utf8')
  const examples = new Map(
    Array.from(readme.matchAll(EXAMPLE), ([, name = '', code = '']) => [name, code]),
  )
  const folder = await mkdtemp(join(tmpdir(), 'moonmeter-readme-'))
  context.after(() => rm(folder, { recursive: true }))
  const modules = join(folder, 'node_modules')
  await mkdir(modules)
  await symlink(REPOSITORY, join(modules, 'moonmeter'))
  await symlink(join(REPOSITORY, 'node_modules/piscina'), join(modules, 'piscina'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  return { folder, examples }
}

function exampleOf(examples: ReadonlyMap<string, string>, name: string): string {
  const code = examples.get(name)
  assert.ok(code !== undefined, `README.md: expected an example ${name}`)
  return code
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  assert.ok(address !== null && typeof address === 'object')
  return address.port
}
