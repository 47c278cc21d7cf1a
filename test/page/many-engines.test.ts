import assert from 'node:assert/strict'
import type { CDPSession, Page } from 'playwright-core'
import { EngineAggregator } from '../../src/index.js'
import { browserTests } from '../support/browser/browser.js'
import { pageServer } from '../support/browser/page-server.js'
import { readTable } from '../support/browser/read-page.js'
import { waitUntil } from '../support/processes/wait-until.js'

const pageTest = browserTests()
const ENGINES = 256
const FRAMES_MS = 4_000
const UPDATE_MS = 1_000
/**
 * Processor milliseconds of the page's main thread per update, with the drawing of all frames of that
 * second. On a screen of 60 Hz, at least 30 frames remain if tasks take at most half of the time. Frames
 * per second are not judged, since they depend on the load of the machine.
 */
const TASK_MS_MAX = 500
const HEAP_BYTES_MAX = 150 * 2 ** 20

/** Frames per second that the browser shows, over some updates. */
const FRAMES = `new Promise((resolve) => {
  const begin = performance.now()
  let frames = 0
  requestAnimationFrame(function count(now) {
    frames++
    if (now - begin < ${FRAMES_MS}) requestAnimationFrame(count)
    else resolve((frames * 1000) / (now - begin))
  })
})`

/** The result of `Runtime.getHeapUsage`; its types lack most fields. */
interface HeapUsage {
  readonly usedSize: number
  readonly embedderHeapUsedSize: number
  readonly backingStorageSize: number
}

/** Processor seconds that the main thread of the page has used for tasks. */
async function taskSeconds(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics')
  return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? assert.fail()
}

/** The time of the snapshot that the page shows. */
async function shownMs(page: Page): Promise<number> {
  return Number(await page.locator('#content').getAttribute('data-timestamp'))
}

pageTest('256 engines over 15 minutes are smooth and within memory', async ({ context, open }) => {
  const aggregator = new EngineAggregator({ intervalMs: 1_000 })
  const { server, traffic } = await pageServer(context, aggregator, {
    engines: ENGINES,
    updateMs: UPDATE_MS,
    fill: { seconds: 890, rows: 8, distinct: 2 },
  })
  const page = await open(`${server.url}?window=15m`)
  await page.locator(`#engines tbody tr:nth-child(${ENGINES})`).waitFor()
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  const [fromMs, fromSeconds] = [await shownMs(page), await taskSeconds(session)]
  const framesPerSecond = await page.evaluate<number>(FRAMES)
  await waitUntil('an update', async () => (await shownMs(page)) > fromMs)
  const [toMs, toSeconds] = [await shownMs(page), await taskSeconds(session)]
  const updates = server.snapshots.filter(
    ({ timestampMs }) => timestampMs > fromMs && timestampMs <= toMs,
  ).length
  const taskMs = ((toSeconds - fromSeconds) * 1_000) / updates
  await session.send('HeapProfiler.collectGarbage')
  const usage = (await session.send('Runtime.getHeapUsage')) as unknown as HeapUsage
  const bytes = usage.usedSize + usage.embedderHeapUsedSize + usage.backingStorageSize
  traffic.stop()
  context.diagnostic(
    `${taskMs.toFixed(0)} ms of the main thread per update, ${framesPerSecond.toFixed(1)} ` +
      `frames/s, ${(bytes / 2 ** 20).toFixed(0)} MiB of JS heap`,
  )
  assert.equal((await readTable(page, '#engines')).names.length, ENGINES)
  assert.ok(bytes < HEAP_BYTES_MAX, `${bytes} bytes of JS heap`)
  assert.ok(taskMs > 0 && taskMs < TASK_MS_MAX, `${taskMs} ms of the main thread per update`)
})
