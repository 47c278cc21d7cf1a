import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { SnapshotData } from '../src/index.js'
import { parseExposition } from './support/assertions/exposition.js'
import { Child } from './support/processes/child.js'
import { freePort } from './support/processes/free-port.js'
import { makeReadmeProject, readmeExample } from './support/processes/readme-project.js'
import { waitUntil } from './support/processes/wait-until.js'

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url))
const LINK = /\]\(([^)#:]+)(?:#[^)]*)?\)/g
/** Folders with documents, at any depth. */
const FOLDERS = ['benchmarks', 'src', 'test']
const ENGINES = ['0', '1']
/** The code that a user adds to the pool's example. */
const RUN_POOL = `
await Promise.all([1, 2, 3, 4].map((numKeys) => pool.run(numKeys)))
console.log(JSON.stringify(aggregator.snapshot()))
await pool.destroy()
await aggregator.close()
`

test('the example of the README with worker threads serves what its engines record', async (context) => {
  const folder = await makeReadmeProject(context)
  const port = String(await freePort())
  for (const name of ['main.js', 'engine.js']) {
    await writeFile(join(folder, name), (await readmeExample(name)).replace('9464', port))
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
  const folder = await makeReadmeProject(context)
  await writeFile(join(folder, 'pool.js'), (await readmeExample('pool.js')) + RUN_POOL)
  await writeFile(join(folder, 'task.js'), await readmeExample('task.js'))
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

test('every relative link of the documentation refers to a file', async () => {
  for (const document of documents()) {
    const text = await readFile(join(REPOSITORY, document), 'utf8')
    for (const [, path = ''] of text.matchAll(LINK)) {
      assert.ok(existsSync(join(REPOSITORY, dirname(document), path)), `${document}: ${path}`)
    }
  }
})

/** The documents of the repository, as paths from its root. */
function documents(): string[] {
  const listed = FOLDERS.flatMap((folder) =>
    readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      join(folder, name),
    ),
  )
  return [...readdirSync(REPOSITORY), ...listed].filter((name) => name.endsWith('.md'))
}
