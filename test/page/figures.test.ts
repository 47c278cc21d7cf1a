import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import type { Snapshot } from '../../src/index.js'
import { HEADLINE_MS } from '../../src/live/live-view.js'
import { browserTests, type PageTest } from '../support/browser/browser.js'
import { pageAggregator, type PageServer, pageServer } from '../support/browser/page-server.js'
import { readFigure, readTable } from '../support/browser/read-page.js'
import { servedUrl, startCommand } from '../support/processes/command.js'
import { waitUntil } from '../support/processes/wait-until.js'

const pageTest = browserTests()

/**
 * The rows that a server had counted at the time of the page's figures, from the snapshots of its
 * feed.
 *
 * @param windowMs the intervals that end within it count as a whole; default all
 */
async function intervalOf(
  page: Page,
  { snapshots }: PageServer,
  windowMs = Number.POSITIVE_INFINITY,
): Promise<Snapshot> {
  const shown = await page.locator('#content').getAttribute('data-timestamp')
  const later = snapshots.find(({ timestampMs }) => String(timestampMs) === shown)
  const fromMs = Number(shown) - windowMs
  const earlier = snapshots.findLast(({ timestampMs }) => timestampMs <= fromMs) ?? snapshots[0]
  assert.ok(later && earlier && later !== earlier, 'the page shows a snapshot of its server')
  return later.since(earlier)
}

/** A page that is paused with some seconds of data. */
async function pausedPage(
  open: PageTest['open'],
  server: PageServer,
  query: string,
  isEnough: (interval: Snapshot) => boolean = () => true,
): Promise<Page> {
  const page = await open(`${server.url}${query}`)
  const { snapshots } = server
  await waitUntil('some updates', () => {
    const [first, last] = [snapshots[0], snapshots.at(-1)]
    return snapshots.length > 3 && first && last && isEnough(last.since(first))
  })
  const before = await page.locator('#content').getAttribute('data-timestamp')
  await page.locator(`#content:not([data-timestamp="${before}"])`).waitFor()
  await page.locator('#engines tbody tr').first().waitFor()
  await page.click('#pause')
  await page.waitForSelector('.banner[data-kind="paused"]')
  return page
}

/** Three significant digits are within half a percent. */
function assertShown(shown: number | undefined, expected: number | undefined, what: string): void {
  if (expected === undefined) assert.equal(shown, undefined, what)
  else {
    assert.ok(shown !== undefined, what)
    assert.ok(
      Math.abs(shown - expected) <= 0.0051 * expected,
      `${what}: expected ${expected}, got ${shown}`,
    )
  }
}

pageTest('figures are equal to the snapshot of the same moment', async ({ context, open }) => {
  const aggregator = pageAggregator()
  const { server, traffic } = await pageServer(context, aggregator, { engines: 3 })
  const page = await pausedPage(open, server, '?status=ok&operation=load_get')
  traffic.stop()
  const interval = await intervalOf(page, server)
  const seconds = interval.elapsedMs / 1_000
  const { rows, names } = await readTable(page, '#engines')
  assert.deepEqual(names, ['0', '1', '2'])
  for (const { engine, series, health } of interval.sources) {
    const one = series.find(({ operation, status }) => operation === 'load_get' && status === 'ok')
    const row = rows.get(String(engine))
    assert.ok(one && row)
    assertShown(row.rate, one.rows / seconds, 'operations/s')
    for (const [key, quantile] of [
      ['p50', 0.5],
      ['p90', 0.9],
      ['p99', 0.99],
    ] as const) {
      assertShown(row[key], one.quantile(quantile)?.seconds, `${key} of engine ${engine}`)
    }
    assert.equal(row.failed, 0)
    assert.equal(row.restarts, 0)
    const reportAgo = (interval.timestampMs - (health.lastReportMs ?? 0)) / 1_000
    assert.ok(Math.abs((row.report ?? -1) - reportAgo) <= 0.051, 'last report')
  }
  const recent = await intervalOf(page, server, HEADLINE_MS)
  let [operations, bytes] = [0, 0]
  for (const { series } of recent.sources) {
    const one = series.find(({ operation, status }) => operation === 'load_get' && status === 'ok')
    operations += one?.rows ?? 0
    bytes += one?.numBytes ?? 0
  }
  const recentSeconds = recent.elapsedMs / 1_000
  assertShown(await readFigure(page, 'operations'), operations / recentSeconds, 'operations/s')
  assertShown(await readFigure(page, 'bytes'), bytes / recentSeconds, 'bytes/s')
  assert.equal(await readFigure(page, 'engines'), 3)
})

pageTest('operations and failed keys are equal to the snapshot', async ({ context, open }) => {
  const aggregator = pageAggregator()
  const { server, traffic } = await pageServer(context, aggregator, { engines: 2 })
  const seriesOf = ({ sources }: Snapshot) =>
    sources.find(({ engine }) => engine === 1)?.series ?? []
  const page = await pausedPage(open, server, '?engine=1', (interval) =>
    seriesOf(interval).some(({ numFailedKeys }) => numFailedKeys > 0),
  )
  traffic.stop()
  const interval = await intervalOf(page, server)
  const seconds = interval.elapsedMs / 1_000
  const series = seriesOf(interval)
  const { rows, names } = await readTable(page, '#operations')
  assert.deepEqual(names, ['load_get', 'lookup_exists', 'save_put'])
  for (const [operation, row] of rows) {
    const all = series.filter((one) => one.operation === operation)
    const sum = (key: 'rows' | 'numKeys' | 'numBytes' | 'numFailedKeys') =>
      all.reduce((total, one) => total + one[key], 0)
    assertShown(row.rate, sum('rows') / seconds, `${operation} operations/s`)
    assertShown(row.keys, sum('numKeys') / seconds, `${operation} keys/s`)
    assertShown(row.bytes, sum('numBytes') / seconds, `${operation} bytes/s`)
    assertShown(row.failed, sum('numFailedKeys') / sum('numKeys'), `${operation} failed keys`)
  }
  const failedKeysOf = (of: Snapshot) =>
    seriesOf(of).reduce((total, { numFailedKeys }) => total + numFailedKeys, 0)
  assert.ok(failedKeysOf(interval) > 0)
  const recent = await intervalOf(page, server, HEADLINE_MS)
  const failedPerSecond = failedKeysOf(recent) / (recent.elapsedMs / 1_000)
  assertShown(await readFigure(page, 'failed'), failedPerSecond, 'failed keys/s')
})

pageTest('charts and sparklines of a running simulation move', async ({ context, open }) => {
  const simulation = startCommand(context, [
    ...['simulate', '--engines', '4', '--duration', '0', '--listen', '127.0.0.1:0'],
  ])
  // Sparklines are drawn only while they are visible.
  const viewport = { width: 1280, height: 1600 }
  const page = await open(`${await servedUrl(simulation)}/?window=1m`, { viewport })
  await page.locator('#engines tbody tr:nth-child(4)').waitFor()
  const rate = page.locator('#rate-plot')
  await waitUntil('points', async () => Number(await rate.getAttribute('aria-valuemax')) >= 3)
  const places = [
    '#headline',
    '#rate-plot',
    '#latency-plot',
    '#heat-plot',
    '#operations',
    '#engines',
  ]
  const moves = places.map(async (place) => {
    const canvas = page.locator(`${place} canvas`).first()
    const image = () => canvas.evaluate((one: Canvas) => one.toDataURL())
    const before = await image()
    await waitUntil(`${place} moves`, async () => (await image()) !== before)
    // Read once, because Chromium warns of canvases that are read often.
    assert.ok((await canvas.evaluate(countColoured)) > 50, `${place} is drawn`)
  })
  await Promise.all(moves)
  assert.ok(((await readFigure(page, 'operations')) ?? 0) > 0)
  assert.equal(await readFigure(page, 'engines'), 4)
  const text = await page.locator('#latency-plot').getAttribute('aria-valuetext')
  assert.match(text ?? '', /^\d\d:\d\d:\d\d: p50 [\d.]+ .?s, p90 [\d.]+ .?s, p99 [\d.]+ .?s$/)
})

pageTest('names of users are shown as text, also with markup', async ({ context, open }) => {
  const aggregator = pageAggregator()
  const { server, traffic } = await pageServer(context, aggregator, { engines: 1 })
  const name = '<img src=x onerror=document.title=1> & "x"'
  // Rows before the first snapshot are in no interval.
  await waitUntil('a snapshot', () => server.snapshots.length > 0)
  traffic.recorders[0]?.record(name, 0.1, 1, { status: '</option><b>bad' })
  const page = await open(`${server.url}?operation=${encodeURIComponent(name)}`)
  await page.locator('#operations .choose', { hasText: name }).waitFor()
  assert.equal(await page.locator('main img, b').count(), 0)
  assert.equal(await page.locator('#operation').inputValue(), name)
  await page.selectOption('#status', '</option><b>bad')
  assert.equal(new URL(page.url()).searchParams.get('status'), '</option><b>bad')
  await page.locator('#operations tbody tr').first().waitFor()
})

/** The members of a canvas that are read in the browser. */
interface Canvas {
  readonly width: number
  readonly height: number
  toDataURL(): string
  getContext(kind: '2d'): {
    getImageData(...area: number[]): { readonly data: Uint8ClampedArray }
  }
}

/**
 * Counts pixels of a canvas that are neither grey nor transparent: lines, areas and cells, without
 * the axes. It runs in the browser.
 */
function countColoured(canvas: Canvas): number {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  let coloured = 0
  for (let at = 0; at < data.length; at += 4) {
    const [red = 0, green = 0, blue = 0, alpha = 0] = data.subarray(at, at + 4)
    const spread = Math.max(red, green, blue) - Math.min(red, green, blue)
    if (alpha > 0 && spread > 40) coloured++
  }
  return coloured
}
