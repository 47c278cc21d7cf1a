import type { TestContext } from 'node:test'
import { handlerOf } from '../../../src/dashboard/dashboard-handler.js'
import {
  type DashboardOptions,
  readDashboardOptions,
} from '../../../src/dashboard/dashboard-options.js'
import { PageFiles } from '../../../src/dashboard/page-files.js'
import { liveSourceOf } from '../../../src/engine-aggregator.js'
import { EngineAggregator, type MetricsHandler } from '../../../src/index.js'
import { LiveFeed } from '../../../src/live/live-feed.js'
import { Authorization } from '../../../src/server/authorization.js'
import { waitUntil } from './wait-until.js'

/** Longer than any test, so that updates are made only on request. */
const NEVER_MS = 2 ** 30

/** The files of a page, by their names. */
export const PAGE: Readonly<Record<string, string>> = {
  'index.html': `<!doctype html><title>page</title>${'<!-- long -->'.repeat(500)}`,
  'page.js': `export {}${'\n// long'.repeat(500)}`,
  'page.css': 'body { margin: 0 }',
}

/** A page whose updates the test triggers. */
export interface TestDashboard {
  readonly aggregator: EngineAggregator
  readonly feed: LiveFeed
  readonly handler: MetricsHandler
  /** Advance the monotonic clock by a second and the wall clock by `wallMs`, and make an update. */
  pass(wallMs?: number): Promise<void>
}

/**
 * Creates a handler like `dashboardHandler`, with files of the test and clocks that the test
 * controls.
 */
export async function makeDashboard(
  context: TestContext,
  options: DashboardOptions = {},
  page: Readonly<Record<string, string>> = PAGE,
): Promise<TestDashboard> {
  const clock = { wallMs: 1_700_000_000_000, passedMs: 0 }
  const aggregator = new EngineAggregator({
    now: () => clock.wallMs,
    monotonicNow: () => clock.passedMs,
    modelName: 'a model',
  })
  const settings = readDashboardOptions('dashboardHandler', aggregator, options)
  const { historyBytesMax, onError } = settings
  const feed = new LiveFeed(liveSourceOf(aggregator), {
    updateMs: NEVER_MS,
    historyBytesMax,
    onError,
  })
  context.after(async () => {
    feed.close()
    await aggregator.close()
  })
  await waitUntil('the first update', () => feed.latest)
  const files = new PageFiles(settings.encodings, async (name) => {
    const text = page[name]
    if (text === undefined) throw new Error(`no file ${name}`)
    return text
  })
  return {
    aggregator,
    feed,
    handler: handlerOf(feed, settings, new Authorization(options), files),
    pass: (wallMs = 1_000) => {
      clock.wallMs += wallMs
      clock.passedMs += 1_000
      return feed.update()
    },
  }
}
