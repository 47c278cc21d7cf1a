import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { createRecorder } from '../../src/recorder/index.js'
import { browserTests } from '../support/browser/browser.js'
import { pageAggregator, pageServer } from '../support/browser/page-server.js'
import { waitUntil } from '../support/processes/wait-until.js'

const pageTest = browserTests()
const NO_FAILURES = Number.POSITIVE_INFINITY
const TICK_MS = 50

function text(page: Page, selector: string): Promise<string> {
  return page.locator(selector).innerText()
}

/** The vertical position of the charts, which is that of everything below the findings. */
async function chartsTop(page: Page): Promise<number> {
  return (await page.locator('#charts').boundingBox())?.y ?? assert.fail()
}

pageTest('an operation that is failing is marked, with the reason', async ({ context, open }) => {
  const aggregator = pageAggregator()
  const { server, traffic } = await pageServer(context, aggregator, {
    engines: 1,
    failures: NO_FAILURES,
  })
  const page = await open(server.url)
  await page.locator('.fine', { hasText: 'All engines are up, and no operation fails.' }).waitFor()
  const topBefore = await chartsTop(page)
  const failing = setInterval(() => {
    const counts = { status: 'error', numFailedKeys: 100 }
    traffic.recorders[0]?.record('save_put', 0.01, 100, counts)
  }, TICK_MS)
  context.after(() => clearInterval(failing))
  const finding = page.locator('#attention li', { hasText: 'Operation save_put' })
  await finding.waitFor()
  assert.match(await finding.innerText(), /failed for [\d.]+ % of its keys since \d\d:\d\d$/)
  assert.equal(await page.locator('#attention li').count(), 1)
  assert.equal(await chartsTop(page), topBefore, 'one finding moves nothing')
  assert.equal(await text(page, '#operations tr.marked .choose'), 'save_put')
  const colourOf = (column: string) =>
    page.evaluate<string>(
      `getComputedStyle(document.querySelector('#operations tr.marked .column-${column}')).color`,
    )
  assert.notEqual(await colourOf('failed'), await colourOf('p50'))
  await finding.locator('button').click()
  assert.equal(new URL(page.url()).search, '?operation=save_put')
})

pageTest('rejected payloads are a finding', async ({ context, open }) => {
  const aggregator = pageAggregator()
  const { server } = await pageServer(context, aggregator, { engines: 1, failures: NO_FAILURES })
  const page = await open(server.url)
  await page.locator('.fine', { hasText: 'All engines are up' }).waitFor()
  aggregator.ingest(new Uint8Array(), { engine: 3 })
  await page.locator('#attention li', { hasText: 'Payloads rejected 1 time since' }).waitFor()
})

pageTest('engines that ended on purpose are last, and no problem', async ({ context, open }) => {
  const aggregator = pageAggregator()
  const { server, traffic } = await pageServer(context, aggregator, {
    engines: 3,
    failures: NO_FAILURES,
  })
  const page = await open(server.url)
  await page.locator('#engines tbody tr:nth-child(3)').waitFor()
  traffic.recorders[0]?.close()
  const last = page.locator('#engines tbody tr:nth-child(3)')
  await last.locator('.word', { hasText: 'ended' }).waitFor()
  assert.equal(await last.locator('.choose').innerText(), '0')
  assert.equal(await text(page, '#headline-engines .unit'), 'of 2')
  assert.equal(await text(page, '#headline-engines .detail'), '1 ended')
  assert.equal(await last.locator('.mark').count(), 0)
  await page.locator('.fine', { hasText: 'All engines that have not ended are up' }).waitFor()
})

pageTest('a crash loop is one finding that stays', async ({ context, open }) => {
  const aggregator = pageAggregator()
  const { server } = await pageServer(context, aggregator, { engines: 1, failures: NO_FAILURES })
  const page = await open(server.url)
  await page.locator('.fine', { hasText: 'All engines are up' }).waitFor()
  // It is down until its next incarnation reports.
  aggregator.connect(1).port.close()
  for (let restart = 0; restart < 3; restart++) aggregator.noteRestart(1, 'error')
  const finding = page.locator('#attention li', { hasText: /Engine 1 restarted 3 times since/ })
  await finding.waitFor()
  const number = page.locator('#headline-engines .number')
  const detail = page.locator('#headline-engines .detail', { hasText: /^▲ 1 restarting$/ })
  await detail.waitFor()
  assert.equal(await number.innerText(), '1')
  const topBefore = await chartsTop(page)
  const recorder = createRecorder(aggregator.connect(1))
  context.after(() => recorder.close())
  recorder.report()
  await waitUntil('a report', async () => (await number.innerText()) === '2')
  assert.equal(await detail.count(), 1)
  assert.equal(await finding.count(), 1)
  assert.equal(await chartsTop(page), topBefore)
})

pageTest('stale figures do not state that all is well', async ({ context, open }) => {
  const aggregator = pageAggregator()
  const { server } = await pageServer(context, aggregator, { engines: 1, failures: NO_FAILURES })
  const page = await open(server.url, { mayFail: true })
  const fine = page.locator('.fine', { hasText: 'All engines are up' })
  await fine.waitFor()
  await server.stop()
  await page.locator('#content[data-stale]').waitFor()
  assert.equal(await fine.isVisible(), false)
})

pageTest('the values under the cursor do not move the page', async ({ context, open }) => {
  const aggregator = pageAggregator()
  const fill = { seconds: 600, rows: 4, distinct: 2 }
  const { server } = await pageServer(context, aggregator, { engines: 1, fill })
  for (const width of [1181, 1280, 1920]) {
    const page = await open(`${server.url}?window=15m&paused`, { viewport: { width, height: 800 } })
    await page.locator('#charts:not([hidden]) .readout-time').first().waitFor()
    const operationsTop = async () => (await page.locator('#operations').boundingBox())?.y
    const topBefore = await operationsTop()
    for (const plot of ['#latency-plot', '#heat-plot']) {
      await page.hover(plot)
      await page.locator('#latency-heading ~ .readout-time', { hasText: ':' }).waitFor()
      assert.equal(await operationsTop(), topBefore, `${plot} at ${width} px`)
    }
    const cut = await page.evaluate<number>(`Math.max(...[...document.querySelectorAll('.readout')]
      .map((one) => one.scrollWidth - one.clientWidth))`)
    assert.equal(cut, 0, 'no value is cut')
  }
})
