import assert from 'node:assert/strict'
import { EngineAggregator } from '../../src/index.js'
import { browserTests } from '../support/browser/browser.js'
import { pageServer } from '../support/browser/page-server.js'
import { readTable } from '../support/browser/read-page.js'

const pageTest = browserTests()
const ENGINES = 256
const FRAMES_MS = 4_000
const FRAMES_PER_SECOND_MIN = 30
const BYTES_MAX = 150 * 2 ** 20

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

pageTest('256 engines over 15 minutes are smooth and within memory', async ({ context, open }) => {
  const aggregator = new EngineAggregator({ intervalMs: 1_000 })
  const { server, traffic } = await pageServer(context, aggregator, {
    engines: ENGINES,
    updateMs: 1_000,
    fill: { seconds: 890, rows: 8, distinct: 2 },
  })
  const page = await open(`${server.url}?window=15m`)
  await page.locator(`#engines tbody tr:nth-child(${ENGINES})`).waitFor()
  const framesPerSecond = await page.evaluate<number>(FRAMES)
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  const usage = (await session.send('Runtime.getHeapUsage')) as unknown as HeapUsage
  const bytes = usage.usedSize + usage.embedderHeapUsedSize + usage.backingStorageSize
  traffic.stop()
  context.diagnostic(`${framesPerSecond.toFixed(1)} frames/s, ${(bytes / 2 ** 20).toFixed(0)} MiB`)
  assert.equal((await readTable(page, '#engines')).names.length, ENGINES)
  assert.ok(bytes < BYTES_MAX, `${bytes} bytes`)
  assert.ok(framesPerSecond > FRAMES_PER_SECOND_MIN, `${framesPerSecond} frames per second`)
})
