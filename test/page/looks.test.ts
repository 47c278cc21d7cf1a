import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { browserTests, type PageTest } from '../support/browser/browser.js'
import { pageAggregator, pageServer, type ServedOptions } from '../support/browser/page-server.js'
import { waitUntil } from '../support/processes/wait-until.js'

const pageTest = browserTests()
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const PHONE = { width: 400, height: 800 }

async function serve({ context }: PageTest, options: ServedOptions): Promise<string> {
  const aggregator = pageAggregator()
  const { server } = await pageServer(context, aggregator, options)
  return server.url
}

/** The serious violations that axe-core finds. */
async function seriousViolations(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE)
  const { violations } = await page.evaluate<AxeResults>('axe.run()')
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

async function colours(page: Page): Promise<string> {
  return page.evaluate<string>(`(() => {
    const { color, backgroundColor } = getComputedStyle(document.querySelector('.panel .number'))
    const panel = getComputedStyle(document.querySelector('.panel')).backgroundColor
    return [color, panel, backgroundColor].join(' ')
  })()`)
}

/** By how many pixels the page is wider than the screen. */
async function overflow(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
}

for (const colorScheme of ['light', 'dark'] as const) {
  pageTest(`the page is accessible in a ${colorScheme} scheme`, async (test) => {
    const fill = { seconds: 60, rows: 10, distinct: 5 }
    const slow = new Map([[1, 30]])
    const url = await serve(test, { engines: 4, slow, fill })
    const page = await test.open(`${url}?engine=1&sort=-p99`, { colorScheme })
    await page.locator('#engines tr.marked').waitFor()
    assert.deepEqual(await seriousViolations(page), [])
    await page.click('#pause')
    await page.locator('.banner').waitFor()
    assert.deepEqual(await seriousViolations(page), [])
    await page.setViewportSize(PHONE)
    assert.deepEqual(await seriousViolations(page), [])
    assert.equal(await overflow(page), 0, 'a phone does not scroll sideways')
  })
}

const STATES: readonly (readonly [
  what: string,
  options: ServedOptions,
  query: string,
  wait: string,
])[] = [
  ['without engines', { engines: 0 }, '', 'pre'],
  ['with an address that is wrong', { engines: 1 }, '?window=7m', '.message.error'],
  ['whose filter matches nothing', { engines: 1 }, '?operation=none', '#nothing .message'],
  ['that asks for a token', { engines: 1, options: { bearerToken: 'token' } }, '', '#token'],
  [
    'without its server',
    { engines: 1, stream: (response) => response.destroy() },
    '',
    '.message.error',
  ],
]

for (const [what, options, query, wait] of STATES) {
  pageTest(`a page ${what} is accessible`, async (test) => {
    const url = await serve(test, options)
    const page = await test.open(url + query, { mayFail: true })
    await page.locator(wait).first().waitFor()
    assert.deepEqual(await seriousViolations(page), [])
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.setViewportSize(PHONE)
    assert.deepEqual(await seriousViolations(page), [])
    assert.equal(await overflow(page), 0)
  })
}

pageTest('stale figures are legible', async (test) => {
  const aggregator = pageAggregator()
  const { server } = await pageServer(test.context, aggregator, { engines: 2 })
  const page = await test.open(server.url, { mayFail: true })
  await page.locator('#engines tbody tr').first().waitFor()
  await server.stop()
  await page.locator('#content[data-stale]').waitFor()
  assert.deepEqual(await seriousViolations(page), [])
})

pageTest('long names do not make a phone scroll sideways', async (test) => {
  const aggregator = pageAggregator({ modelName: 'model-'.repeat(20) })
  const { server, traffic } = await pageServer(test.context, aggregator, { engines: 1 })
  await waitUntil('a snapshot', () => server.snapshots.length > 0)
  const name = 'operation_'.repeat(10)
  traffic.recorders[0]?.record(name, 0.1, 1)
  const page = await test.open(`${server.url}?operation=${name}`, { viewport: PHONE })
  await page.locator('#charts:not([hidden])').waitFor()
  await page.locator('#operations tbody tr').first().waitFor()
  traffic.recorders[0].record('load\u202eteg', 0.01, 1)
  await page.locator('#operations .choose', { hasText: name }).waitFor()
  assert.equal(await overflow(page), 0)
})

pageTest('the page follows the scheme of the system while it is open', async (test) => {
  const url = await serve(test, { engines: 1 })
  const page = await test.open(url, { colorScheme: 'light' })
  await page.locator('#content:not([hidden])').waitFor()
  assert.match(await colours(page), /^rgb\(27, 32, 38\) rgb\(255, 255, 255\)/)
  await page.emulateMedia({ colorScheme: 'dark' })
  assert.match(await colours(page), /^rgb\(231, 234, 238\) rgb\(21, 25, 31\)/)
})

pageTest('a phone shows the headline in two columns, and tables scroll', async (test) => {
  const url = await serve(test, { engines: 2 })
  const page = await test.open(url, { viewport: PHONE })
  await page.locator('#engines tbody tr').first().waitFor()
  const box = async (id: string) =>
    (await page.locator(`#headline-${id}`).boundingBox()) ?? assert.fail()
  const [operations, bytes] = [await box('operations'), await box('bytes')]
  assert.ok(operations.width > 150, `a figure is ${operations.width} px wide`)
  assert.equal(operations.y, bytes.y)
  assert.ok(bytes.x >= operations.x + operations.width)
  const charts = await page
    .locator('.chart')
    .evaluateAll((all: readonly Box[]) => all.map((one) => one.getBoundingClientRect().width))
  for (const width of charts) assert.ok(width > 350, `a chart is ${width} px wide`)
  const table = page.locator('#engines .table')
  await table.focus()
  await page.keyboard.press('ArrowRight')
  const scrolled = () => table.evaluate((one: Scrolled) => one.scrollLeft)
  await waitUntil('the table is scrolled', async () => (await scrolled()) > 30)
  const name = (await page.locator('#engines tbody th').first().boundingBox()) ?? assert.fail()
  assert.ok(name.x >= 0 && name.x < 20, `names stay in sight, at ${name.x} px`)
})

/** The members of elements that are read in the browser. */
interface Scrolled {
  readonly scrollLeft: number
}

interface Box {
  getBoundingClientRect(): { readonly width: number }
}

pageTest('a phone does not cut names of operations', async (test) => {
  const url = await serve(test, { engines: 1 })
  const page = await test.open(url, { viewport: PHONE })
  await page.locator('#operations tbody tr:nth-child(3)').waitFor()
  const cut = await page.evaluate<readonly string[]>(`[...document.querySelectorAll(
    '#operations .choose',
  )].filter((name) => name.scrollWidth > name.clientWidth).map((name) => name.textContent)`)
  assert.deepEqual(cut, [])
})

pageTest('a name cannot change the order of neighbouring words', async (test) => {
  const aggregator = pageAggregator({ modelName: 'a\u202eb' })
  const { server, traffic } = await pageServer(test.context, aggregator, { engines: 1 })
  const page = await test.open(`${server.url}?operation=load%E2%80%AEteg`)
  await page.locator('#operations tbody tr').first().waitFor()
  traffic.recorders[0].record('load\u202eteg', 0.01, 1)
  await page.locator('#operations .choose', { hasText: 'load\\u202eteg' }).waitFor()
  await page.locator('#note', { hasText: 'only operation load\\u202eteg' }).waitFor()
  assert.ok(!(await page.locator('body').innerText()).includes('\u202e'))
})

pageTest('the columns of a row that need attention are red', async (test) => {
  const aggregator = pageAggregator()
  const { server } = await pageServer(test.context, aggregator, { engines: 1 })
  // It ends without a `close`.
  aggregator.connect(1).port.close()
  const page = await test.open(server.url)
  await page.locator('#engines tr.marked').waitFor()
  const colourOf = (column: string) =>
    page.evaluate<string>(
      `getComputedStyle(document.querySelector('#engines tr.marked .column-${column}')).color`,
    )
  assert.equal(await colourOf('p99'), await colourOf('p50'))
  assert.notEqual(await colourOf('report'), await colourOf('p50'))
})
