import type { TestContext } from 'node:test'
import { NatsServer } from '../support/processes/nats-server.js'
import type { Network, NetworkHost } from '../support/processes/network.js'
import { waitUntil } from '../support/processes/wait-until.js'
import { NATS_PORT } from './fault-times.js'

const ROUTE_PORT = 6_222
const MONITOR_PORT = 8_222
const STREAM = 'KV_moonmeter'
/** A replica needs some time to catch up after a long fault. */
const READY_MS_MAX = 120_000

/** A server of a cluster, and its host. */
export interface ClusterServer {
  readonly name: string
  readonly host: NetworkHost
  readonly server: NatsServer
}

interface Replica {
  readonly name: string
  readonly current: boolean
  readonly offline?: boolean
}

/** The part of an answer of `/jsz` that is read here. */
interface JetStreamStatus {
  readonly meta_cluster?: { readonly leader?: string; readonly replicas?: readonly Replica[] }
  readonly account_details?: readonly {
    readonly stream_detail?: readonly {
      readonly name: string
      readonly cluster?: {
        readonly leader?: string
        readonly replicas?: readonly Replica[]
      }
    }[]
  }[]
}

/** NATS servers of one cluster, each on a separate host. */
export class NatsCluster {
  readonly servers: readonly ClusterServer[]

  private constructor(servers: readonly ClusterServer[]) {
    this.servers = servers
  }

  static async start(
    context: TestContext,
    network: Network,
    names: readonly string[],
  ): Promise<NatsCluster> {
    const hosts = names.map((name) => ({ name, host: network.addHost(name) }))
    const routes = hosts.map(({ host }) => `"nats://${host.address}:${ROUTE_PORT}"`)
    const servers = hosts.map(async ({ name, host }) => {
      const listen = `listen: "${host.address}:${ROUTE_PORT}", routes: [${routes.join(', ')}]`
      const config = [
        `server_name: ${name}`,
        `http: "${host.address}:${MONITOR_PORT}"`,
        `cluster { name: fleet, ${listen} }`,
      ]
      const options = { host, port: NATS_PORT, config: config.join('\n') }
      return { name, host, server: await NatsServer.start(context, options) }
    })
    const cluster = new NatsCluster(await Promise.all(servers))
    await waitUntil('a leader of JetStream', () => cluster.#isLed(cluster.servers), READY_MS_MAX)
    return cluster
  }

  /** Addresses of the servers, separated by commas. */
  get addresses(): string {
    return this.servers.map(({ server }) => server.url).join(',')
  }

  /**
   * Waits until a server leads the bucket and all other running servers follow; returns the leader.
   * Processes that start before that would find no bucket.
   *
   * @param away the server with a fault
   */
  async leader(away?: ClusterServer): Promise<ClusterServer> {
    const present = this.servers.filter((one) => one !== away)
    const find = async () => {
      if (!(await this.#isLed(present))) return undefined
      for (const one of present) {
        const { leader, replicas = [] } = (await this.#bucketOf(one)) ?? {}
        const others = replicas.filter(({ name }) => name !== away?.name)
        if (leader === one.name && isFollowed(others, present.length)) return one
      }
      return undefined
    }
    return waitUntil('a leader that all follow', find, READY_MS_MAX)
  }

  /**
   * Whether all of these servers have the same leader of JetStream, and the leader has all of them.
   */
  async #isLed(present: readonly ClusterServer[]): Promise<boolean> {
    const known = await Promise.all(
      present.map(async (one) => (await this.#status(one))?.meta_cluster),
    )
    const leader = present.findIndex(({ name }) => name === known[0]?.leader)
    const names = present.map(({ name }) => name)
    const others = known[leader]?.replicas?.filter(({ name }) => names.includes(name)) ?? []
    return known.every((one) => one?.leader === names[leader]) && isFollowed(others, present.length)
  }

  async #bucketOf(one: ClusterServer) {
    const accounts = (await this.#status(one))?.account_details ?? []
    const streams = accounts.flatMap(({ stream_detail = [] }) => stream_detail)
    return streams.find(({ name }) => name === STREAM)?.cluster
  }

  async #status({ host }: ClusterServer): Promise<JetStreamStatus | undefined> {
    const url = `http://${host.address}:${MONITOR_PORT}/jsz?accounts=true&streams=true`
    return host.get(url).then(JSON.parse, () => undefined)
  }
}

function isFollowed(replicas: readonly Replica[], servers: number): boolean {
  const areCurrent = replicas.every(({ current, offline }) => current && offline !== true)
  return replicas.length === servers - 1 && areCurrent
}
