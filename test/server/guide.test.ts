import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ask } from '../support/processes/ask.js'
import { Child } from '../support/processes/child.js'
import { openStream } from '../support/processes/event-stream.js'
import { freePort } from '../support/processes/free-port.js'
import { waitUntil } from '../support/processes/wait-until.js'

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url))
const GUIDE = join(REPOSITORY, 'src/server/README.md')
const EXAMPLE = /<!-- example: (\S+) -->\n```js\n(.*?)```/gs
const PAGE_EXAMPLE = /<!-- page: (\S+) -->\n```js\n(.*?)```/gs
const PORT = '9464'
const PACKAGES = ['express', 'fastify', 'koa', 'hono', '@hono']

const guide = await readFile(GUIDE, 'utf8')
const examples = [...guide.matchAll(EXAMPLE)]
const pageExamples = [...guide.matchAll(PAGE_EXAMPLE)]

test('the guide has an example for each server', () => {
  const names = examples.map(([, name]) => name)
  const servers = ['http', 'express', 'fastify', 'koa', 'hono', 'listen']
  assert.deepEqual(
    names,
    servers.map((server) => `${server}.js`),
  )
  assert.deepEqual(
    pageExamples.map(([, name]) => name).sort(),
    servers.map((server) => `page-${server}.js`).sort(),
  )
})

for (const [, name = '', code = ''] of examples) {
  test(`the example ${name} of the guide serves metrics, and other paths are not found`, async (context) => {
    const { child } = await runExample(context, name, code)
    child.kill('SIGTERM')
    assert.equal((await child.end()).stderr, '')
  })
}

for (const [, name = '', code = ''] of pageExamples) {
  test(`the example ${name} of the guide serves metrics and the live page`, async (context) => {
    const { url, child } = await runExample(context, name, code)
    const { status, headers } = await ask(`${url}/dash`)
    assert.deepEqual([status, headers.location], [308, './dash/'])
    const { headers: policy } = await ask(`${url}/dash/`)
    assert.match(String(policy['content-security-policy']), /^default-src 'none'/)
    const stream = await openStream(context, `${url}/dash/live`)
    await stream.waitFor(2)
    assert.deepEqual(stream.names.slice(0, 2), ['hello', 'update'])
    stream.close()
    child.kill('SIGTERM')
    await child.end()
  })
}

/** Starts an example in a project, and checks the metrics that it serves. */
async function runExample(context: TestContext, name: string, code: string) {
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
  return { url, child }
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
