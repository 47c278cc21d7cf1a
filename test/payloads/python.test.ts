import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { EngineAggregator, listen } from '../../src/index.js'
import { receivePayloads } from '../../src/nats/index.js'
import { payloadReceiver, payloadsHandler } from '../../src/payloads/index.js'
import { assertSamples } from '../support/assertions/assert-samples.js'
import { referenceCases } from '../support/generators/reference-cases.js'
import { Child } from '../support/processes/child.js'
import { temporaryDirectory } from '../support/processes/command.js'
import { startWatching } from '../support/processes/fleet.js'
import { NATS_SKIP, NatsServer } from '../support/processes/nats-server.js'
import { waitUntil } from '../support/processes/wait-until.js'

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url))
const CASES_FILE = join(REPOSITORY, 'test/fixtures/reference-cases.json')
const GUIDE = readFileSync(join(REPOSITORY, 'src/payloads/README.md'), 'utf8')
const EXAMPLE = /<!-- example: (\S+\.py) -->\n```python\n(.*?)```/gs
const SUBJECT = 'moonmeter.payloads'
const TOKEN = 'secret'
/** Debian's Python or the first on the path, whichever has MessagePack. */
const PYTHON = ['/usr/bin/python3', 'python3'].find((python) => {
  return spawnSync(python, ['-c', 'import msgpack']).status === 0
})
// With CI set, all packages for tests must be installed, so a missing one is a failure.
const SKIP = PYTHON !== undefined || process.env.CI === 'true' ? false : 'no python3-msgpack'

/** Each frame of each case in each shape, to an instance of its case and shape. */
const SEND_CASES = `
import json, sys
OTHERS = {"OffloadingConnector": {"data": {"types": {"c": "counter"}, "data": {"c": {(): 5}}}}}
with open(sys.argv[1]) as file:
    cases = json.load(file)
for index, case in enumerate(cases):
    for frame in case["frames"]:
        data = frame["data"]
        shapes = {
            "bare": data,
            "wrapped": {**OTHERS, "MooncakeStoreConnector": {"data": data}},
            "wrapped flat": {**OTHERS, "MooncakeStoreConnector": data},
        }
        for shape, payload in shapes.items():
            send_to(f"{shape}:{index}", frame["engine"], payload)
`
const SHAPES = ['bare', 'wrapped', 'wrapped flat']
const BY_HTTP = `
from urllib.parse import quote
from http_payloads import send
def send_to(instance, engine, payload):
    send(f"{ADDRESS}/v1/payloads/{engine}?instance={quote(instance)}", "${TOKEN}", payload)
`
const BY_NATS = `
from nats_payloads import send, subject_of
HOST, PORT = ADDRESS.removeprefix("nats://").split(":")
def send_to(instance, engine, payload):
    send((HOST, int(PORT)), subject_of("${SUBJECT}", instance, engine), payload)
`
const ONE_ROW = '{"load_get": [{"duration_seconds": 0.5, "num_keys": 1}]}'

/** Runs a program in a folder with the modules of the guide. */
function runPython(context: TestContext, program: string, address: string): Child {
  const folder = temporaryDirectory(context)
  for (const [, name = '', code = ''] of GUIDE.matchAll(EXAMPLE)) {
    writeFileSync(join(folder, name), code)
  }
  const file = join(folder, 'program.py')
  writeFileSync(file, `ADDRESS = "${address}"\n${program}`)
  return new Child(context, PYTHON ?? 'python3', [file, CASES_FILE])
}

async function endsWell(child: Child): Promise<void> {
  const { code, stderr } = await child.end()
  assert.deepEqual([code, stderr], [0, ''])
}

/** A fleet that receives payloads over HTTP and over NATS. */
async function startFleet(context: TestContext, servers: string) {
  const aggregator = new EngineAggregator()
  const receiver = await receivePayloads(aggregator, { servers, subject: SUBJECT })
  const next = payloadsHandler(receiver, { bearerToken: TOKEN })
  const { url, close } = await listen(aggregator, { port: 0, next })
  context.after(async () => {
    await close()
    await receiver.close()
    await aggregator.close()
  })
  return { url, receiver, aggregator }
}

/** Checks that each instance has the series of its case in the reference. */
async function assertCases(aggregator: EngineAggregator): Promise<void> {
  const lines = (await aggregator.registry.metrics()).split('\n')
  for (const [index, reference] of referenceCases().entries()) {
    const name = JSON.stringify(reference.model_name).slice(1, -1)
    for (const shape of SHAPES) {
      const label = `,instance="${shape}:${index}"`
      const own = lines.filter((line) => line.includes(label))
      const text = own
        .map((line) =>
          line.replace(label, '').replace('model_name="unknown"', `model_name="${name}"`),
        )
        .join('\n')
      assertSamples(`${text}\n`, reference)
    }
  }
}

test('payloads of Python, sent over HTTP with the code of the guide, become the series of the reference', {
  skip: SKIP,
}, async (context) => {
  const aggregator = new EngineAggregator()
  const next = payloadsHandler(payloadReceiver(aggregator), { bearerToken: TOKEN })
  const server = await listen(aggregator, { port: 0, next })
  context.after(() => server.close())
  await endsWell(runPython(context, BY_HTTP + SEND_CASES, server.url))
  await assertCases(aggregator)
  await aggregator.close()
})

for (const [way, program] of [
  ['HTTP', BY_HTTP],
  ['NATS', BY_NATS],
] as const) {
  test(`payloads of Python, sent over ${way} into a fleet, become the series of the reference`, {
    skip: SKIP || NATS_SKIP,
  }, async (context) => {
    const { url: servers } = await NatsServer.start(context)
    const { url, receiver } = await startFleet(context, servers)
    const address = way === 'HTTP' ? url : servers
    await endsWell(runPython(context, program + SEND_CASES, address))
    const { counted, repeated } = receiver.health
    const frames = referenceCases().reduce((sum, one) => sum + one.frames.length, 0)
    assert.equal(counted + repeated, frames * SHAPES.length)
    // It starts afterwards, so it receives all entries.
    const { aggregator } = await startWatching(context, { servers })
    await assertCases(aggregator)
  })

  test(`a Python client over ${way} retries with the same key until it gets a response`, {
    skip: SKIP || NATS_SKIP,
  }, async (context) => {
    const server = await NatsServer.start(context)
    const { url, receiver } = await startFleet(context, server.url)
    await server.kill()
    await waitUntil('away', () => !receiver.health.connected)
    const address = way === 'HTTP' ? url : server.url
    const sending = runPython(
      context,
      `${program}\nprint("ready", flush=True)\nsend_to("a", 0, ${ONE_ROW})`,
      address,
    )
    await sending.waitForStdout(/ready/)
    if (way === 'HTTP') await waitUntil('busy', () => receiver.health.busy > 0)
    await server.restart()
    await endsWell(sending)
    const { rows } = await startWatching(context, { servers: server.url })
    assert.equal(rows(), 1)
  })

  test(`a payload rejected over ${way} is an exception in Python`, {
    skip: SKIP || NATS_SKIP,
  }, async (context) => {
    const { url: servers } = await NatsServer.start(context)
    const { url, aggregator } = await startFleet(context, servers)
    const bad = '{"load_get": [{"duration_seconds": "long", "num_keys": 1}]}'
    const address = way === 'HTTP' ? url : servers
    const { code, stderr } = await runPython(
      context,
      `${program}\nsend_to("a", 0, ${bad})`,
      address,
    ).end()
    assert.equal(code, 1)
    assert.match(stderr, /RuntimeError: .*payload: expected duration_seconds to be a number/)
    assert.equal(aggregator.snapshot().rejections.type, 1)
  })
}
