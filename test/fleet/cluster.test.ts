import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { NATS_SKIP } from '../support/processes/nats-server.js'
import { NETWORK_SKIP, Network } from '../support/processes/network.js'
import { PROMETHEUS_SKIP } from '../support/processes/prometheus.js'
import { FAULT_MS, IS_LONG, LIFE_MS_MAX } from './fault-times.js'
import { Fleet } from './fleet.js'
import { type ClusterServer, NatsCluster } from './nats-cluster.js'

const ROUNDS = 2
const LONG_SKIP = IS_LONG ? false : 'part of the long form: MOONMETER_FLEET=long'

/** Faults of a server of the cluster, and their ends. */
const SERVER_FAULTS: Readonly<
  Record<
    string,
    {
      readonly begin: (one: ClusterServer) => unknown
      readonly end: (one: ClusterServer) => unknown
    }
  >
> = {
  'was killed': {
    begin: ({ server }) => server.kill(),
    end: ({ server }) => server.restart(),
  },
  'was stopped': {
    begin: ({ server }) => server.pause(),
    end: ({ server }) => server.resume(),
  },
  'was cut off': {
    begin: ({ host }) => host.cut(),
    end: ({ host }) => host.heal(),
  },
}

test('engines, aggregators and Prometheus have equal counts while one of three servers is unreachable', {
  skip: LONG_SKIP || NETWORK_SKIP || NATS_SKIP || PROMETHEUS_SKIP,
}, async (context) => {
  const network = Network.create(context, LIFE_MS_MAX)
  const names = ['nats-1', 'nats-2', 'nats-3']
  const cluster = await NatsCluster.start(context, network, names)
  const servers = { servers: cluster.addresses, replicas: names.length }
  const fleet = await Fleet.start(context, network, servers)
  const [dying, parted] = fleet.engines
  const [first, second] = fleet.aggregators
  for (let round = 1; round <= ROUNDS; round++) {
    const compare = (what: string) => fleet.compare(`round ${round}, ${what}`)
    for (const [what, { begin, end }] of Object.entries(SERVER_FAULTS)) {
      const leader = await cluster.leader()
      await begin(leader)
      await cluster.leader(leader)
      await compare(`while the leader ${what}`)
      await sleep(FAULT_MS)
      await end(leader)
      await cluster.leader()
      await compare(`after the leader ${what}`)
    }

    await first.kill()
    await parted.untilAcknowledged(parted.acknowledged + 1)
    await first.start()
    await compare('after an aggregator was killed')

    await dying.die()
    await Promise.all([first, second].map((one) => one.untilUp(dying.instance, 0)))
    dying.host.heal()
    await dying.start()
    await compare('after a host of an engine died')

    parted.host.cut()
    second.host.cut()
    await sleep(FAULT_MS)
    parted.host.heal()
    second.host.heal()
    await compare('after two hosts were cut off')

    await Promise.all(cluster.servers.map(({ server }) => server.kill()))
    await sleep(FAULT_MS)
    await Promise.all(cluster.servers.map(({ server }) => server.restart()))
    await cluster.leader()
    await compare('after all servers were killed')
  }
  await fleet.close()
})
