import assert from 'node:assert/strict'
import { test } from 'node:test'
import { servedUrl, startCommand, temporaryDirectory } from '../support/processes/command.js'
import { startEngine } from '../support/processes/fleet.js'
import { freePort } from '../support/processes/free-port.js'
import { NATS_SKIP, NatsServer } from '../support/processes/nats-server.js'
import { PROMETHEUS_SKIP, startPrometheus } from '../support/processes/prometheus.js'
import { waitUntil } from '../support/processes/wait-until.js'

const ROWS = 'vllm:mooncake_store_operation_total'

test('Prometheus has the rows of each instance, and no reset when an aggregator is replaced', {
  skip: NATS_SKIP || PROMETHEUS_SKIP,
}, async (context) => {
  const server = await NatsServer.start(context)
  const listen = `127.0.0.1:${await freePort()}`
  const serve = async () => {
    const child = startCommand(context, ['serve', '--nats', server.url, '--listen', listen])
    await servedUrl(child)
    return child
  }
  const [first, a, b] = await Promise.all([
    serve(),
    startEngine(context, server.url, 'host-a'),
    startEngine(context, server.url, 'host-b'),
  ])
  a.type('40\n')
  b.type('2\n')
  const { query } = await startPrometheus(context, {
    directory: temporaryDirectory(context),
    jobs: { fleet: `http://${listen}/metrics` },
    honorLabels: true,
  })
  const rows = async () => {
    const samples = await query(`sum by (instance) (${ROWS})`)
    return Object.fromEntries(samples.map(({ metric, value }) => [metric.instance, value[1]]))
  }
  await waitUntil('both', async () => {
    const { 'host-a': left, 'host-b': right } = await rows()
    return left === '40' && right === '2'
  })
  first.kill('SIGKILL')
  await first.end()
  b.type('5\n')
  await b.waitForStdout(/acknowledged 7\n/)
  await serve()
  await waitUntil('7 rows', async () => (await rows())['host-b'] === '7')
  assert.deepEqual(await rows(), { 'host-a': '40', 'host-b': '7' })
  const resets = await query(`sum(resets(${ROWS}[5m]))`)
  assert.deepEqual(
    resets.map(({ value }) => value[1]),
    ['0'],
  )
})
