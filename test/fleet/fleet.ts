import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { temporaryDirectory } from '../support/processes/command.js'
import type { Network } from '../support/processes/network.js'
import { type Prometheus, startPrometheus } from '../support/processes/prometheus.js'
import { waitUntil } from '../support/processes/wait-until.js'
import { Aggregator } from './aggregator.js'
import { EngineHost } from './engine-host.js'
import { WAIT_MS_MAX } from './fault-times.js'
import { addFigures, COUNTERS, type Figures, figuresOf, untilEqual } from './figures.js'
import { SimulationHost } from './simulation-host.js'

const PROMETHEUS_PORT = 9_090
/** Restarts with each aggregator, so the queries below must detect its resets. */
const RESTARTING_COUNTER = 'moonmeter_engine_reports_total'
const NAMES = '__name__=~"vllm:.*|moonmeter_engine_records_total"'
/** Longer than any test. */
const WHOLE_RANGE = '1h'

/** The NATS servers of a fleet. */
export interface FleetServers {
  /** Addresses of NATS servers, separated by commas. */
  readonly servers: string
  readonly replicas: number
}

/** Three hosts of engines, two aggregators, and a Prometheus that scrapes the first of these. */
export class Fleet {
  readonly engines: readonly [EngineHost, EngineHost]
  readonly aggregators: readonly [Aggregator, Aggregator]
  readonly #simulation: SimulationHost
  readonly #context: TestContext
  readonly #prometheus: Prometheus

  private constructor(
    context: TestContext,
    engines: readonly [EngineHost, EngineHost],
    simulation: SimulationHost,
    aggregators: readonly [Aggregator, Aggregator],
    prometheus: Prometheus,
  ) {
    this.#context = context
    this.engines = engines
    this.#simulation = simulation
    this.aggregators = aggregators
    this.#prometheus = prometheus
  }

  static async start(
    context: TestContext,
    network: Network,
    { servers, replicas }: FleetServers,
  ): Promise<Fleet> {
    const directory = temporaryDirectory(context)
    const options = ['--nats', servers, '--nats-replicas', String(replicas)]
    const engine = (instance: string) => {
      return new EngineHost(network.addHost(instance), instance, servers, replicas)
    }
    const aggregator = (name: string) => new Aggregator(network.addHost(name), options)
    const engines = [engine('host-a'), engine('host-b')] as const
    const simulated = network.addHost('host-c')
    const simulation = new SimulationHost(simulated, 'host-c', options, directory)
    const aggregators = [aggregator('aggregator-1'), aggregator('aggregator-2')] as const
    await Promise.all([...aggregators, ...engines, simulation].map((host) => host.start()))
    const prometheus = await startPrometheus(context, {
      directory,
      jobs: { fleet: aggregators[0].url },
      honorLabels: true,
      host: network.addHost('prometheus'),
      port: PROMETHEUS_PORT,
    })
    return new Fleet(context, engines, simulation, aggregators, prometheus)
  }

  /**
   * Pauses the engines, waits until both aggregators and Prometheus have exactly the engines' own
   * counts, and resumes the running engines.
   */
  async compare(after: string, running: readonly EngineHost[] = this.engines): Promise<void> {
    await this.#untilReported([this.#simulation, ...running])
    await Promise.all([this.#simulation.stop(), ...running.map((engine) => engine.pause())])
    await this.#untilEqual(after)
    for (const engine of running) engine.resume()
    await this.#simulation.start()
  }

  /** Ends all engines with their last reports, and compares a last time. */
  async close(): Promise<void> {
    await Promise.all([this.#simulation.stop(), ...this.engines.map((engine) => engine.close())])
    await this.#untilEqual('at the end')
    const resets = async (selector: string) => {
      const found = await this.#prometheus.query(`max(resets(${selector}[${WHOLE_RANGE}]))`)
      return Number(found[0]?.value[1])
    }
    const names = await this.#prometheus.labelValues('__name__', `{${NAMES}}`)
    const counters = names.filter((name) => /_(total|count|bucket|sum)$/.test(name))
    assert.ok(
      Object.keys(COUNTERS).every((name) => counters.includes(name)),
      names.join(', '),
    )
    for (const name of counters) assert.equal(await resets(name), 0, name)
    assert.ok((await resets(RESTARTING_COUNTER)) > 0)
  }

  /** Waits until reports arrive: those of an engine that ends are retried for 5 s only. */
  async #untilReported(hosts: readonly { readonly instance: string }[]): Promise<void> {
    const [, aggregator] = this.aggregators
    const read = async () => {
      const figures = Object.entries(await aggregator.figures())
      return hosts.map(({ instance }) => {
        const own = figures.filter(([name]) => name.startsWith(`records ${instance} `))
        return own.reduce((sum, [, value]) => sum + value, 0)
      })
    }
    const before = await read()
    const haveGrown = async () => (await read()).every((rows, index) => rows > (before[index] ?? 0))
    await waitUntil('reports of each host', haveGrown, WAIT_MS_MAX)
  }

  async #untilEqual(after: string): Promise<void> {
    const expected = this.#expected()
    const views = {
      'aggregator 1': () => this.aggregators[0].figures(),
      'aggregator 2': () => this.aggregators[1].figures(),
      Prometheus: () => this.#scraped(),
    }
    const isEqual = Object.entries(views).map(([name, read]) =>
      untilEqual(`${after}: ${name}`, expected, read),
    )
    await Promise.all(isEqual).catch((error: unknown) => {
      for (const { url, log } of this.aggregators) this.#context.diagnostic(`${url}: ${log}`)
      throw error
    })
    const [first = {}] = expected
    const records = Object.entries(first).filter(([name]) => name.startsWith('records '))
    this.#context.diagnostic(`${after}: ${records.map((record) => record.join(' ')).join(', ')}`)
  }

  /**
   * The possible figures; several after the death of a host, whose last report may have been
   * written.
   */
  #expected(): readonly Figures[] {
    return this.engines
      .map((engine) => engine.figures())
      .reduce<readonly Figures[]>(
        (sums, more) => sums.flatMap((sum) => more.map((one) => addFigures([sum, one]))),
        [this.#simulation.figures()],
      )
  }

  async #scraped(): Promise<Figures> {
    const samples = await this.#prometheus.query(`{${NAMES}}`)
    return figuresOf(
      samples.map(({ metric: { __name__: name = '', ...labels }, value: [, value] }) => ({
        name,
        labels,
        value: Number(value),
      })),
    )
  }
}
