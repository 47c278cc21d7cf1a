import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { SnapshotData } from '../../src/index.js'
import { parseExposition } from '../support/assertions/exposition.js'
import { Child } from '../support/processes/child.js'
import { freePort } from '../support/processes/free-port.js'
import { makeReadmeProject, readmeExample } from '../support/processes/readme-project.js'
import { waitUntil } from '../support/processes/wait-until.js'
import { findRuntime, RUNTIME_NAMES } from './find-runtime.js'

const CALLS = 'vllm:mooncake_store_operation_total'
const ENGINES = [0, 1]
/**
 * The last part of the program: it connects an engine without a thread and closes the aggregator.
 */
const END = `
aggregator.connect(2)
process.once('SIGTERM', async () => {
  await aggregator.close()
  const snapshot = JSON.stringify(aggregator.snapshot())
  process.stdout.write('snapshot ' + snapshot + '\\n', () => process.exit())
})
`

for (const name of RUNTIME_NAMES) {
  const runtime = findRuntime(name)
  const skip = 'missing' in runtime && runtime.missing
  test(`the example of the README with worker threads runs on ${name}`, {
    skip,
  }, async (context) => {
    assert.ok('execPath' in runtime)
    const folder = await makeReadmeProject(context)
    const port = String(await freePort())
    await writeFile(
      join(folder, 'main.js'),
      (await readmeExample('main.js')).replace('9464', port) + END,
    )
    await writeFile(join(folder, 'engine.js'), await readmeExample('engine.js'))

    // Deno keeps caches, by default in the home of the user.
    const variable = `DENO_DIR=${join(folder, '.deno')}`
    const args = [variable, runtime.execPath, ...runtime.args, join(folder, 'main.js')]
    const child = new Child(context, 'env', args)
    const calls = await waitUntil('rows of both engines', async () => {
      const response = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined)
      if (response === undefined) return undefined
      const samples = parseExposition(await response.text()).filter((one) => one.name === CALLS)
      return samples.length === 4 && samples
    })
    assert.deepEqual(
      calls.map(({ labels, value }) => [labels.engine, labels.operation, value]),
      ENGINES.flatMap((engine) => ['load_get', 'save_put'].map((name) => [`${engine}`, name, 1])),
    )
    child.kill('SIGTERM')
    const { code, stdout, stderr } = await child.end()
    assert.equal(stderr, '')
    assert.equal(code, 0)
    const [, json = ''] = /^snapshot (.*)$/m.exec(stdout) ?? []
    const { sources }: SnapshotData = JSON.parse(json)
    assert.deepEqual(
      sources.map(({ engine, series }) => [engine, series.map(({ rows }) => rows)]),
      [...ENGINES.map((engine) => [engine, [1, 1]]), [2, []]],
    )
  })
}
