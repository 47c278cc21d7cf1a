import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ask } from '../support/processes/ask.js'
import { Child } from '../support/processes/child.js'
import { freePort } from '../support/processes/free-port.js'
import { waitUntil } from '../support/processes/wait-until.js'

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url))
const GUIDE = join(REPOSITORY, 'src/server/README.md')
const EXAMPLE = /<!-- example: (\S+) -->\n```js\n(.*?)```/gs
const PORT = '9464'
const PACKAGES = ['express', 'fastify', 'koa', 'hono', '@hono']

const guide = await readFile(GUIDE, 'utf8')
const examples = [...guide.matchAll(EXAMPLE)]

test('the guide has an example for each server', () => {
  const names = examples.map(([, name]) => name)
  const servers = ['http', 'express', 'fastify', 'koa', 'hono', 'listen']
  assert.deepEqual(
    names,
    servers.map((server) => `${server}.js`),
  )
})

for (const [, name = '', code = ''] of examples) {
  test(`the example ${name} of the guide serves metrics, and other paths are not found`, async (context) => {
    const folder = await makeProject(context)
    const port = String(await freePort())
    assert.ok(code.includes(PORT))
    await writeFile(join(folder, name), code.replace(PORT, port))
    const child = new Child(context, process.execPath, [join(folder, name)])
    const url = `http://127.0.0.1:${port}`
    const { status, headers, body } = await waitUntil('the server', () =>
      ask(`${url}/metrics`).catch(() => undefined),
    )
    assert.equal(status, 200)
    assert.match(headers['content-type'] ?? '', /^text\/plain; version=0\.0\.4/)
    assert.match(body.toString(), /^# TYPE moonmeter_engines_up gauge\nmoonmeter_engines_up 0$/m)
    assert.equal((await ask(`${url}/nowhere`)).status, 404)
    child.kill('SIGTERM')
    assert.equal((await child.end()).stderr, '')
  })
}

/** The project of a user who installed moonmeter and the frameworks. */
async function makeProject(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'moonmeter-server-'))
  context.after(() => rm(folder, { recursive: true }))
  const modules = join(folder, 'node_modules')
  await mkdir(modules)
  await symlink(REPOSITORY, join(modules, 'moonmeter'))
  for (const name of PACKAGES) {
    await symlink(join(REPOSITORY, 'node_modules', name), join(modules, name))
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  return folder
}
