import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { browserTests, type PageTest } from '../support/browser/browser.js'
import { pageAggregator, pageServer, type Served } from '../support/browser/page-server.js'
import { readFigure, readTable } from '../support/browser/read-page.js'
import { waitUntil } from '../support/processes/wait-until.js'

const pageTest = browserTests()

/** Engine 2 is slow, so it is marked. */
async function serve({ context }: PageTest): Promise<Served> {
  const aggregator = pageAggregator()
  return pageServer(context, aggregator, { engines: 4, slow: new Map([[2, 20]]) })
}

/** Opens a page, and waits until it shows engines with rows. */
async function openLive({ open }: PageTest, url: string): Promise<Page> {
  const page = await open(url)
  await page.locator('#engines tr:nth-child(4)').waitFor()
  await waitUntil('operations', async () => ((await readFigure(page, 'operations')) ?? 0) > 0)
  return page
}

/** The names in the table of engines, the marked one first. */
async function engineNames(page: Page): Promise<readonly string[]> {
  return (await readTable(page, '#engines')).names
}

/** Waits until the order of the engines is as expected. */
async function waitForOrder(page: Page, expected: (names: readonly string[]) => boolean) {
  await waitUntil('the order of engines', async () => expected(await engineNames(page)))
}

pageTest('a choice filters the figures and is part of the address', async (test) => {
  const { server } = await serve(test)
  const page = await openLive(test, server.url)
  const all = (await readFigure(page, 'operations')) ?? 0
  await page.selectOption('#operation', 'save_put')
  await page.selectOption('#engine', '1')
  await page.selectOption('#status', 'error')
  assert.equal(
    new URL(page.url()).search,
    '?operation=save_put&engine=1&status=error',
    'the address contains the choices',
  )
  // A sixteenth of a third of the rows, roughly.
  await waitUntil('some operations, and fewer', async () => {
    const shown = (await readFigure(page, 'operations')) ?? 0
    return shown > 0 && shown < all / 10
  })
  await page.click('#pause')
  const engine = (await readTable(page, '#engines')).rows.get('1')
  const operation = (await readTable(page, '#operations')).rows.get('save_put')
  assert.equal(engine?.failed, 1, 'all keys of an operation with the status error fail')
  // One table is filtered by the operation, and the other one by the engine.
  assert.equal(engine?.rate, operation?.rate)
  await page.click('#pause')
  await page.click('#clear')
  assert.equal(new URL(page.url()).search, '')
  await page.getByText('15 min', { exact: true }).click()
  assert.equal(new URL(page.url()).search, '?window=15m')
  await page.goBack()
  await page.goBack()
  await page.locator('#clear').waitFor()
  assert.equal(await page.locator('#status').inputValue(), 'error')
  assert.equal(await page.locator('#operation').inputValue(), 'save_put')
})

pageTest('a shared address shows the same view', async (test) => {
  const { server } = await serve(test)
  const query = '?window=1m&operation=load_get&engine=3&status=ok&sort=-p99'
  const page = await openLive(test, `${server.url}${query}`)
  assert.equal(await page.locator('#operation').inputValue(), 'load_get')
  assert.equal(await page.locator('#engine').inputValue(), '3')
  assert.equal(await page.locator('#status').inputValue(), 'ok')
  assert.ok(await page.getByLabel('1 min', { exact: true }).isChecked())
  await waitForOrder(page, ([first]) => first === '2')
  assert.equal(await page.locator('.column-p99[aria-sort]').getAttribute('aria-sort'), 'descending')
  await page.locator('#operations .choose[aria-pressed="true"]', { hasText: 'load_get' }).waitFor()
  await page.locator('#engines .choose[aria-pressed="true"]', { hasText: '3' }).waitFor()
})

pageTest('a marked engine is first and shows the reason', async (test) => {
  const { server } = await serve(test)
  const page = await openLive(test, server.url)
  await waitForOrder(page, (names) => names.join() === '2,0,1,3')
  const mark = page.locator('#engines tr.marked .mark')
  const reason = mark.locator('.reason')
  assert.equal(await reason.isVisible(), false)
  await mark.focus()
  await reason.waitFor()
  assert.match(
    (await reason.textContent()) ?? '',
    /^p99 \d+ ms, \d\d\.\d × the median of the other engines since \d\d:\d\d$/,
  )
  assert.match((await page.locator('#attention').textContent()) ?? '', /Engine 2 p99/)
  assert.match((await page.locator('#rule').textContent()) ?? '', /3 × the median/)
  await page.locator('#attention button', { hasText: 'Engine 2' }).click()
  assert.equal(new URL(page.url()).search, '?engine=2')
})

pageTest('each column can be sorted with the keyboard', async (test) => {
  const { server } = await serve(test)
  const page = await openLive(test, server.url)
  const heading = page.locator('#engines thead').getByRole('button', { name: 'engine' })
  await heading.press('Enter')
  await waitForOrder(page, (names) => names.join() === '0,1,2,3')
  await heading.press('Enter')
  await waitForOrder(page, (names) => names.join() === '3,2,1,0')
  assert.equal(new URL(page.url()).search, '?sort=-engine')
  await heading.press('Enter')
  await waitForOrder(page, (names) => names.join() === '2,0,1,3')
  for (const key of ['rate', 'p50', 'p90', 'p99', 'ratio', 'failed', 'report', 'restarts']) {
    await page.locator(`#engines th.column-${key} button`).press('Enter')
    assert.equal(new URL(page.url()).search, `?sort=-${key}`)
    await page.locator(`#engines th.column-${key}[aria-sort="descending"]`).waitFor()
    const values = [...(await readTable(page, '#engines')).rows.values()].map((row) => row[key])
    const sorted = values.toSorted((left, right) => (right ?? 0) - (left ?? 0))
    assert.deepEqual(values, sorted, key)
  }
})

pageTest('rows keep their order while the pointer is over them', async (test) => {
  const { server, traffic } = await serve(test)
  const page = await openLive(test, `${server.url}?sort=-report`)
  await page.locator('#engines tbody tr').nth(1).hover()
  const names = await engineNames(page)
  const last = names.at(-1) ?? ''
  // The age of its last report exceeds those of the others.
  traffic.recorders[Number(last)]?.close()
  await waitUntil('an old report', async () => {
    const { rows } = await readTable(page, '#engines')
    return (rows.get(last)?.report ?? 0) > 1
  })
  assert.deepEqual(await engineNames(page), names)
  await page.mouse.move(0, 0)
  await waitForOrder(page, (order) => order[0] === last)
})

pageTest('a pause freezes the figures, and choices still work', async (test) => {
  const { server } = await serve(test)
  const page = await openLive(test, server.url)
  await page.keyboard.press('Tab')
  await page.locator('#pause').press('Space')
  assert.equal(new URL(page.url()).search, '?paused=true')
  const banner = page.locator('.banner[data-kind="paused"]')
  await banner.waitFor()
  const held = await page.locator('#content').getAttribute('data-timestamp')
  const table = await readTable(page, '#engines')
  const { length } = server.snapshots
  await waitUntil('further updates', () => server.snapshots.length > length + 2)
  await banner.getByText(/[2-9] s behind/).waitFor()
  assert.deepEqual(await readTable(page, '#engines'), table)
  await page.selectOption('#operation', 'lookup_exists')
  await waitUntil('other figures', async () => {
    const { rows } = await readTable(page, '#engines')
    return rows.get('0')?.rate !== table.rows.get('0')?.rate
  })
  assert.equal(await page.locator('#content').getAttribute('data-timestamp'), held)
  await banner.getByRole('button', { name: 'Resume' }).click()
  await page.locator(`#content:not([data-timestamp="${held}"])`).waitFor()
  assert.equal(await banner.count(), 0)
})

pageTest('the keyboard reaches every control and reads the charts', async (test) => {
  const { server } = await serve(test)
  const page = await openLive(test, `${server.url}?window=1m`)
  const reached: string[] = []
  for (let step = 0; step < 60; step++) {
    await page.keyboard.press('Tab')
    const id = await page.evaluate<string>(FOCUSED)
    if (id === 'body') break
    reached.push(id)
  }
  const expected = [
    ...['skip', 'window', 'operation', 'engine', 'status', 'pause'],
    ...['plain', 'rate-plot', 'latency-plot', 'heat-plot', 'table', 'choose', 'sort', 'mark'],
  ]
  for (const id of expected) assert.ok(reached.includes(id), `${id} in ${reached.join()}`)
  const latency = page.locator('#latency-plot')
  await waitUntil('points', async () => Number(await latency.getAttribute('aria-valuemax')) > 2)
  await latency.press('Home')
  const first = await latency.getAttribute('aria-valuetext')
  await latency.press('ArrowRight')
  const second = await latency.getAttribute('aria-valuetext')
  assert.match(first ?? '', /p50 .*, p90 .*, p99 /)
  assert.notEqual(second, first)
  assert.equal(await latency.getAttribute('aria-valuenow'), '1')
  const heat = page.locator('#heat-plot')
  await heat.press('ArrowUp')
  assert.match(
    (await heat.getAttribute('aria-valuetext')) ?? '',
    /duration [\d.]+ .?s to [\d.]+ .?s/,
  )
})

/** The id of the focused element, or its first class, or its name. */
const FOCUSED = `(() => {
  const { id, classList, name, tagName } = document.activeElement
  return id || classList[0] || name || tagName.toLowerCase()
})()`
