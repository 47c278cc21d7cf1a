import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { EngineAggregator } from '../../src/index.js'
import { exemplarsIn } from '../support/assertions/exemplars.js'
import { waitUntil } from '../support/processes/wait-until.js'

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url))
const EXAMPLE = /<!-- example: traced-engine\.js -->\n```js\n(.*?)```/s

test('the example of the guide records exemplars with the traces of its spans', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'moonmeter-traced-'))
  const aggregator = new EngineAggregator()
  context.after(async () => {
    await aggregator.close()
    await rm(folder, { recursive: true })
  })
  const guide = await readFile(join(REPOSITORY, 'src/recorder/README.md'), 'utf8')
  const code = EXAMPLE.exec(guide)?.[1]
  assert.ok(code !== undefined)
  await mkdir(join(folder, 'node_modules'))
  await symlink(REPOSITORY, join(folder, 'node_modules/moonmeter'))
  const packages = join(REPOSITORY, 'node_modules/@opentelemetry')
  await symlink(packages, join(folder, 'node_modules/@opentelemetry'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await writeFile(join(folder, 'traced-engine.js'), code)

  const link = aggregator.connect(0)
  const { transferList } = link
  const worker = new Worker(join(folder, 'traced-engine.js'), {
    workerData: { link },
    transferList,
  })
  const [exitCode] = await once(worker, 'exit')
  assert.equal(exitCode, 0)
  const [exemplar] = await waitUntil('an exemplar', () => {
    const found = exemplarsIn(aggregator.snapshot())
    return found.length > 0 && found
  })
  assert.deepEqual(exemplar.slice(0, 4), [0, 'load_get', 'ok', 0.0021])
  assert.match(String(exemplar[4]), /^[0-9a-f]{32}$/)
})
