import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { NATS_SKIP, NatsServer } from '../support/processes/nats-server.js'
import { NETWORK_SKIP, Network } from '../support/processes/network.js'
import { PROMETHEUS_SKIP } from '../support/processes/prometheus.js'
import { FAULT_MS, LIFE_MS_MAX, NATS_PORT } from './fault-times.js'
import { Fleet } from './fleet.js'

test('engines, aggregators and Prometheus have equal counts after each fault of a host', {
  skip: NETWORK_SKIP || NATS_SKIP || PROMETHEUS_SKIP,
}, async (context) => {
  const network = Network.create(context, LIFE_MS_MAX)
  const host = network.addHost('nats')
  const server = await NatsServer.start(context, { host, port: NATS_PORT })
  const fleet = await Fleet.start(context, network, { servers: server.url, replicas: 1 })
  const [dying, parted] = fleet.engines
  const [first, second] = fleet.aggregators
  await fleet.compare('before any fault')

  await first.kill()
  await parted.untilAcknowledged(parted.acknowledged + 1)
  await first.start()
  await fleet.compare('after an aggregator was killed')

  await dying.die()
  await Promise.all([first, second].map((one) => one.untilUp(dying.instance, 0)))
  await fleet.compare('after a host of an engine died', [parted])
  dying.host.heal()
  await dying.start()
  await Promise.all([first, second].map((one) => one.untilUp(dying.instance, 1)))

  await server.kill()
  await sleep(FAULT_MS)
  await server.restart()
  await fleet.compare('after the server was killed')

  parted.host.cut()
  second.host.cut()
  await first.untilUp(parted.instance, 0)
  await sleep(FAULT_MS)
  parted.host.heal()
  second.host.heal()
  await fleet.compare('after two hosts were cut off')
  await fleet.close()
})
