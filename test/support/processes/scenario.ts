import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type ParsedSample, parseExposition } from '../assertions/exposition.js'
import type { Child, Ended } from './child.js'
import { scrape, servedUrl, startCommand } from './command.js'
import { waitUntil } from './wait-until.js'

/**
 * Seconds of the calm phase, which must contain a scrape; the next value is tried if the machine is
 * too busy.
 */
const CALM_SECONDS = [2.5, 10, 25] as const
/** Rows of a scrape that is compared with others. */
const ROWS_MIN = 300

/** The labels to select samples by. */
export type Labels = Readonly<Record<string, string>>

/** The samples of one scrape. */
export class Scraped {
  readonly #samples: readonly ParsedSample[]

  constructor(text: string) {
    this.#samples = parseExposition(text)
  }

  /** The samples of a metric with these labels. */
  samples(name: string, labels: Labels = {}): ParsedSample[] {
    return this.#samples.filter(
      (sample) =>
        sample.name === name &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    )
  }

  /** The sum of the samples of a metric with these labels. */
  sum(name: string, labels?: Labels): number {
    return this.samples(name, labels).reduce((sum, { value }) => sum + value, 0)
  }

  /** The sum of the samples of a metric of store operations, by the end of its name. */
  store(name: string, labels?: Labels): number {
    return this.sum(`vllm:mooncake_store_operation_${name}`, labels)
  }
}

/** A running simulation of a scenario. */
export interface PlayedScenario {
  readonly simulation: Child
  /** A scrape of the calm phase with rows of each engine. */
  readonly calm: Scraped
  /** Resolves when the fault is announced, with the announcement. */
  fault(): Promise<string>
  scrape(): Promise<Scraped>
  /** A scrape after a further report of each engine, which contains all rows before the call. */
  nextReports(): Promise<Scraped>
  /** Scrapes until the condition holds; returns that scrape. */
  scrapeUntil(what: string, condition: (scraped: Scraped) => boolean): Promise<Scraped>
  /** Stops the simulation, and checks that it succeeds, so its counts agree with the metrics. */
  stop(): Promise<Ended>
}

/** Starts `simulate` with a scenario and no other faults, and scrapes its calm phase. */
export async function playScenario(
  context: TestContext,
  name: string,
  { engines = 2, more = [] }: { engines?: number; more?: readonly string[] } = {},
): Promise<PlayedScenario> {
  const indices = Array.from({ length: engines }, (_, engine) => String(engine))
  for (const seconds of CALM_SECONDS) {
    const simulation = startCommand(context, [
      ...['simulate', '--engines', String(engines), '--duration', '0', '--listen', '127.0.0.1:0'],
      ...['--error-rate', '0', '--scenario', name, '--scenario-after', String(seconds), ...more],
    ])
    const scrapeNow = scraperOf(await servedUrl(simulation))
    const calm = await scrapeUntil(scrapeNow, 'rows of each engine', (scraped) =>
      indices.every((engine) => scraped.store('total', { engine }) >= ROWS_MIN),
    )
    if (!simulation.stderr.includes(' scenario ')) {
      return playedScenario(simulation, scrapeNow, indices, calm)
    }
    simulation.kill('SIGKILL')
    await simulation.end()
  }
  throw new Error(`${name}: the fault began before the first scrape`)
}

function scraperOf(url: string): () => Promise<Scraped> {
  return async () => new Scraped(await scrape(url))
}

function scrapeUntil(
  scrapeNow: () => Promise<Scraped>,
  what: string,
  condition: (scraped: Scraped) => boolean,
): Promise<Scraped> {
  return waitUntil(what, async () => {
    const scraped = await scrapeNow()
    return condition(scraped) && scraped
  })
}

function playedScenario(
  simulation: Child,
  scrapeNow: () => Promise<Scraped>,
  indices: readonly string[],
  calm: Scraped,
): PlayedScenario {
  return {
    simulation,
    calm,
    fault: async () => {
      const [, text = ''] = await simulation.waitForStderr(/ info {2}scenario (.* from now on)\n/)
      return text
    },
    scrape: scrapeNow,
    nextReports: async () => {
      const reports = (scraped: Scraped) =>
        indices.map((engine) => scraped.sum('moonmeter_engine_reports_total', { engine }))
      const before = reports(await scrapeNow())
      return scrapeUntil(scrapeNow, 'reports', (now) =>
        reports(now).every((count, index) => count > (before[index] ?? 0)),
      )
    },
    scrapeUntil: (what, condition) => scrapeUntil(scrapeNow, what, condition),
    stop: async () => {
      simulation.kill('SIGINT')
      const ended = await simulation.end()
      assert.equal(ended.code, 0, ended.stderr)
      assert.doesNotMatch(ended.stderr, / error /)
      return ended
    },
  }
}
