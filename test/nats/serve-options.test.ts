import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseExposition } from '../support/assertions/exposition.js'
import { ask } from '../support/processes/ask.js'
import { runCommands, scrape, servedUrl, startCommand } from '../support/processes/command.js'
import { startEngine } from '../support/processes/fleet.js'
import { NATS_SKIP, NatsServer } from '../support/processes/nats-server.js'
import { waitUntil } from '../support/processes/wait-until.js'

const PROTOBUF =
  'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited'
/** The default silence time-out, in seconds. */
const SILENT_SECONDS = 3

test('serve has options for the limit on series, the silence time-out and native histograms', {
  skip: NATS_SKIP,
}, async (context) => {
  const server = await NatsServer.start(context)
  const serve = (options: readonly string[] = []) => {
    const args = ['serve', '--nats', server.url, '--listen', '127.0.0.1:0', ...options]
    return servedUrl(startCommand(context, args))
  }
  const engines = await Promise.all(
    ['a', 'b'].map((instance) => startEngine(context, server.url, instance)),
  )
  for (const engine of engines) {
    engine.type('1\n')
    await engine.waitForStdout(/acknowledged 1\n/)
  }
  const options = ['--series-max', '1', '--silent-after', '3600', '--native-histograms']
  const [plain, other] = await Promise.all([serve(), serve(options)])
  const samplesOf = async (url: string, name: string) =>
    parseExposition(await scrape(url)).filter((sample) => sample.name === name)
  const operationsAt = async (url: string) => {
    const samples = await samplesOf(url, 'vllm:mooncake_store_operation_total')
    return samples.map(({ labels }) => labels.operation).sort()
  }
  assert.deepEqual(await operationsAt(plain), ['load_get', 'load_get'])
  assert.deepEqual(await operationsAt(other), ['load_get', 'other'])
  const bytesAt = async (url: string) =>
    (await ask(`${url}/metrics`, { accept: PROTOBUF })).body.length
  assert.ok((await bytesAt(other)) > (await bytesAt(plain)))
  const upAt = async (url: string) => {
    return (await samplesOf(url, 'moonmeter_engine_up')).map(({ value }) => value)
  }
  await waitUntil('silence', async () => (await upAt(plain)).join() === '0,0')
  const reported = await samplesOf(other, 'moonmeter_engine_last_report_timestamp_seconds')
  for (const { value } of reported) assert.ok(Date.now() / 1_000 - value >= SILENT_SECONDS)
  assert.deepEqual(await upAt(other), [1, 1])
})

test('simulate publishes its own address, or that of the option', {
  skip: NATS_SKIP,
}, async (context) => {
  const server = await NatsServer.start(context)
  const nats = ['--nats', server.url, '--listen', '127.0.0.1:0']
  const simulate = (instance: string, options: readonly string[] = []) => {
    const args = ['simulate', '--engines', '1', '--duration', '0', '--instance', instance]
    return servedUrl(startCommand(context, [...args, ...nats, ...options]))
  }
  const [list, own] = await Promise.all([
    servedUrl(startCommand(context, ['serve', ...nats])),
    simulate('a'),
    simulate('b', ['--metrics-address', 'https://host-b/m']),
  ])
  const groups = await waitUntil('both', async () => {
    const found = JSON.parse((await ask(`${list}/sd`)).body.toString())
    return found.length === 2 && found
  })
  assert.deepEqual(groups, [
    {
      targets: [new URL(own).host],
      labels: { instance: 'a', __scheme__: 'http', __metrics_path__: '/metrics' },
    },
    {
      targets: ['host-b:443'],
      labels: { instance: 'b', __scheme__: 'https', __metrics_path__: '/m' },
    },
  ])
})

test('options of a fleet without a server, and invalid addresses, are rejected', {
  skip: NATS_SKIP,
}, async (context) => {
  const server = await NatsServer.start(context)
  const listen = ['--listen', '127.0.0.1:0']
  const address = ['simulate', ...listen, '--metrics-address']
  const [alone, wrong] = await runCommands(context, [
    [...address, 'host-a:1'],
    [...address, 'host-a', '--nats', server.url],
  ])
  assert.match(alone?.stderr ?? '', /--metrics-address: expected --nats, too, got none/)
  assert.match(wrong?.stderr ?? '', /natsSink\.metricsAddress: expected HOST:PORT or a URL/)
})
