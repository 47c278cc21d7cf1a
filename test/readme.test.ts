import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Child } from './support/child.js'
import { parseExposition } from './support/exposition.js'
import { waitUntil } from './support/wait-until.js'

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url))
const EXAMPLE = /<!-- example: (\S+) -->\n```js\n(.*?)```/gs
const ENGINES = ['0', '1']

test('the embedding example of the README serves what its engines record', async (context) => {
  const readme = await readFile(join(REPOSITORY, 'README.md'), 'utf8')
  const files = new Map(Array.from(readme.matchAll(EXAMPLE), ([, name, code]) => [name, code]))
  assert.deepEqual([...files.keys()], ['main.js', 'engine.js'])

  const folder = await mkdtemp(join(tmpdir(), 'moonmeter-readme-'))
  context.after(() => rm(folder, { recursive: true }))
  await mkdir(join(folder, 'node_modules'))
  await symlink(REPOSITORY, join(folder, 'node_modules', 'moonmeter'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  const port = String(await freePort())
  for (const [name = '', code = ''] of files) {
    await writeFile(join(folder, name), code.replace('9464', port))
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

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  assert.ok(address !== null && typeof address === 'object')
  return address.port
}
