import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { browserTests } from '../support/browser/browser.js'
import { pageAggregator, pageServer } from '../support/browser/page-server.js'
import { readFigure } from '../support/browser/read-page.js'
import { Traffic } from '../support/browser/traffic.js'
import { waitUntil } from '../support/processes/wait-until.js'

const pageTest = browserTests()

pageTest('a page connects again when the server was restarted', async ({ context, open }) => {
  const first = pageAggregator()
  const { server } = await pageServer(context, first, { engines: 2 })
  const page = await open(server.url, { mayFail: true })
  await page.locator('#engines tbody tr:nth-child(2)').waitFor()
  await server.stop()
  await page.locator('.connection[data-state="disconnected"]').waitFor()
  await page.locator('#content[data-stale]').waitFor()
  const banner = page.locator('.banner[data-kind="stale"]')
  await banner.getByText('Connection lost.').waitFor()
  await banner.getByText(/No data for \d+ s, reconnecting/).waitFor()
  const second = pageAggregator({ modelName: 'the-next' })
  const restarted = await pageServer(context, second, { engines: 3, port: server.port })
  await page.locator('.connection[data-state="live"]').waitFor()
  await page.locator('#engines tbody tr:nth-child(3)').waitFor()
  assert.equal(await page.locator('#model').textContent(), 'the-next')
  assert.equal(await banner.count(), 0)
  assert.equal(await page.locator('#content[data-stale]').count(), 0)
  restarted.traffic.stop()
})

pageTest('a paused page keeps the name of its server', async ({ context, open }) => {
  const first = pageAggregator({ modelName: 'the-first' })
  const { server } = await pageServer(context, first, { engines: 1 })
  const page = await open(`${server.url}?paused`, { mayFail: true })
  await page.locator('#engines tbody tr').first().waitFor()
  await server.stop()
  await page.locator('.connection[data-state="disconnected"]').waitFor()
  const second = pageAggregator({ modelName: 'the-next' })
  await pageServer(context, second, { engines: 1, port: server.port })
  await page.locator('.connection[data-state="paused"]').waitFor()
  assert.equal(await page.locator('#model').textContent(), 'the-first')
  await page.click('#pause')
  await page.locator('#model', { hasText: 'the-next' }).waitFor()
})

pageTest('figures are marked as stale when no more data arrives', async ({ context, open }) => {
  const aggregator = pageAggregator()
  const { server } = await pageServer(context, aggregator, { engines: 1, updateMs: 1_000 })
  const page = await open(server.url)
  await page.locator('#engines tbody tr').first().waitFor()
  await waitUntil('a report', async () => (await readFigure(page, 'report')) !== undefined)
  server.holdUpdates()
  await page.locator('#content[data-stale]').waitFor()
  await page.locator('.banner').getByText('The figures are stale.').waitFor()
  await page
    .locator('.banner')
    .getByText(/No data for [7-9] s/)
    .waitFor()
  const report = await readFigure(page, 'report')
  assert.ok(report !== undefined && report >= 7, `the last report was ${report} s ago`)
})

pageTest('a server without engines shows how to connect one', async ({ context, open }) => {
  const aggregator = pageAggregator()
  const { server } = await pageServer(context, aggregator, { engines: 0 })
  const page = await open(server.url)
  await page.getByRole('heading', { name: 'No engine is connected yet' }).waitFor()
  assert.match((await page.locator('pre').first().textContent()) ?? '', /aggregator\.connect\(0\)/)
  const traffic = new Traffic(aggregator, 1)
  context.after(() => traffic.close())
  traffic.start()
  await page.locator('#engines tbody tr').first().waitFor()
})

pageTest('an invalid address is reported with the accepted values', async ({ context, open }) => {
  const aggregator = pageAggregator()
  const { server } = await pageServer(context, aggregator, { engines: 1 })
  const page = await open(`${server.url}?window=7m&colour=red&engine=0`)
  const message = page.getByRole('alert')
  await message.getByText('window has the value “7m”. Accepted: 1m, 5m, 15m.').waitFor()
  await message
    .getByText('colour is not a setting of this page. Accepted: window, operation')
    .waitFor()
  assert.equal(await page.locator('#content').isVisible(), false)
  await message.getByRole('button').click()
  await page.locator('#engines tbody tr').first().waitFor()
  assert.equal(new URL(page.url()).search, '?engine=0')
})

pageTest('a filter without matches lists the existing names', async ({ context, open }) => {
  const aggregator = pageAggregator()
  const { server } = await pageServer(context, aggregator, { engines: 2 })
  const page = await open(`${server.url}?operation=load_gte&engine=1`)
  const message = page.locator('#nothing')
  await message
    .getByText('No operation in the window has operation load_gte and engine 1')
    .waitFor()
  await message.getByText('Seen: load_get, lookup_exists, save_put.').waitFor()
  await message.getByRole('button', { name: 'Clear the filter' }).click()
  await page.locator('#charts').waitFor()
  assert.equal(new URL(page.url()).search, '')
})

pageTest('a wrong token gets a message, and the right one is kept', async ({ context, open }) => {
  const aggregator = pageAggregator()
  const options = { bearerToken: 'right-token', pagePath: '/moon/meter' }
  const { server } = await pageServer(context, aggregator, { engines: 1, options })
  const page = await open(server.url, { mayFail: true })
  const input = page.getByLabel('Bearer token')
  await input.fill('two words')
  await input.press('Enter')
  await page.getByRole('alert').getByText('no spaces').waitFor()
  await input.fill('wrong-token')
  await input.press('Enter')
  await page.getByRole('alert').getByText('The server did not accept this token.').waitFor()
  assert.equal(await input.getAttribute('aria-invalid'), 'true')
  await input.fill('right-token')
  await input.press('Enter')
  await page.locator('#engines tbody tr').first().waitFor()
  await page.reload()
  await page.locator('#engines tbody tr').first().waitFor()
  assert.ok(!page.url().includes('token'))
})

/** Timers of half a second or more never fire, so that the page does not retry automatically. */
const NO_ATTEMPTS = `
  const { setTimeout } = window
  window.setTimeout = (run, ms = 0) => ms < 500 ? setTimeout(run, ms) : 0`

const OTHERS: readonly (readonly [
  what: string,
  answer: (response: ServerResponse) => void,
  RegExp,
])[] = [
  [
    'another page',
    (response) => response.setHeader('Content-Type', 'text/html').end('<p>hello'),
    /expected the stream of a moonmeter server, got status 200 and text\/html/,
  ],
  [
    'the stream of another program',
    (response) => {
      response.setHeader('Content-Type', 'text/event-stream')
      response.write('event: hello\ndata: {"service":"other"}\n\n')
    },
    /expected the stream of a moonmeter server, got that of another program/,
  ],
]

for (const [what, answer, expected] of OTHERS) {
  pageTest(`${what} is distinguished from moonmeter`, async ({ context, open }) => {
    const aggregator = pageAggregator()
    const { server } = await pageServer(context, aggregator, { engines: 1, stream: answer })
    const page = await open(server.url, { mayFail: true, script: NO_ATTEMPTS })
    const message = page.getByRole('alert')
    await message.getByRole('heading', { name: 'This server is not moonmeter' }).waitFor()
    assert.match((await message.textContent()) ?? '', expected)
    server.answerStream = undefined
    await message.getByRole('button', { name: 'Try again now' }).click()
    await page.locator('#engines tbody tr').first().waitFor()
  })
}

pageTest('a server that stops before the page has data is named', async ({ context, open }) => {
  const aggregator = pageAggregator()
  const stream = (response: ServerResponse) => response.destroy()
  const { server } = await pageServer(context, aggregator, { engines: 1, stream })
  const page = await open(server.url, { mayFail: true })
  const message = page.getByRole('alert')
  await message.getByRole('heading', { name: 'The server does not answer' }).waitFor()
  await message.getByText(`${server.url}live`).waitFor()
  await waitUntil('a state in words', async () => {
    return (await page.locator('#connection').textContent()) === 'disconnected'
  })
})

pageTest('a page opens at an address with a name and a password', async ({ context, open }) => {
  const aggregator = pageAggregator()
  const options = { basicAuth: { username: 'operator', password: 'secret' } }
  const { server } = await pageServer(context, aggregator, { engines: 1, options })
  const page = await open(server.url.replace('//', '//operator:secret@'))
  await page.locator('#engines tbody tr').first().waitFor()
  await page.locator('#windows label').first().click()
  await waitUntil('the choice in the address', async () => page.url().includes('window=1m'))
})

pageTest('a server at its limit on open pages is reported as such', async ({ context, open }) => {
  const aggregator = pageAggregator()
  const options = { streamsMax: 1 }
  const { server } = await pageServer(context, aggregator, { engines: 1, options })
  const first = await open(server.url)
  await first.locator('#engines tbody tr').first().waitFor()
  const second = await open(server.url, { mayFail: true })
  const message = second.getByRole('alert')
  await message.getByRole('heading', { name: 'The server sends no figures' }).waitFor()
  await message.getByText('the server answered with status 503').waitFor()
  await message.getByText('as many open pages as it allows').waitFor()
  await first.close()
  await second.locator('#engines tbody tr').first().waitFor()
})
