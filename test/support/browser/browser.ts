import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core'
import { findOnPath, skipWithout } from '../processes/on-path.js'

const PROGRAM = 'chromium'
const EXECUTABLE = findOnPath(PROGRAM)
const SKIP = skipWithout(PROGRAM)
const VIEWPORT = { width: 1280, height: 800 }
const WAIT_MS_MAX = 60_000
/**
 * The message that Chromium writes to the console for each failed request, even if the page handles
 * the failure.
 */
const FAILED_REQUEST = /^Failed to load resource/

/** Options of a page. */
export interface OpenOptions extends BrowserContextOptions {
  /** Whether requests may fail, since the server is stopped or rejects them. */
  readonly mayFail?: boolean
  /** A script that runs before those of the page. */
  readonly script?: string
}

/** The argument of a test of the page. */
export interface PageTest {
  readonly context: TestContext
  /** Opens a page in a new browser context. */
  readonly open: (url: string, options?: OpenOptions) => Promise<Page>
}

/**
 * Shares one browser among the tests of a file.
 *
 * @returns a function that declares a test. The test also fails for errors on the console of a
 * page, and for requests to other hosts.
 */
export function browserTests(): (name: string, body: (test: PageTest) => Promise<void>) => void {
  let browser: Browser | undefined
  before(async () => {
    if (SKIP !== false) return
    assert.ok(EXECUTABLE, `install ${PROGRAM}, or unset CI to skip these tests`)
    browser = await chromium.launch({ executablePath: EXECUTABLE })
  })
  after(() => browser?.close())
  return (name, body) => {
    test(name, { skip: SKIP }, async (context) => {
      const contexts: BrowserContext[] = []
      const faults: string[] = []
      const open: PageTest['open'] = async (
        url,
        { mayFail = false, script = '', ...options } = {},
      ) => {
        assert.ok(browser)
        const made = await browser.newContext({ viewport: VIEWPORT, ...options })
        contexts.push(made)
        await made.addInitScript(script)
        const page = await made.newPage()
        page.setDefaultTimeout(WAIT_MS_MAX)
        watch(page, new URL(url).origin, { mayFail, faults })
        await page.goto(url)
        return page
      }
      try {
        await body({ context, open })
        assert.deepEqual(faults, [], 'errors on the console, or requests to other hosts')
      } finally {
        await Promise.all(contexts.map((one) => one.close()))
      }
    })
  }
}

function watch(
  page: Page,
  origin: string,
  { mayFail, faults }: { readonly mayFail: boolean; readonly faults: string[] },
): void {
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (message) => {
    const text = message.text()
    if (mayFail && FAILED_REQUEST.test(text)) return
    if (['error', 'warning'].includes(message.type())) faults.push(text)
  })
  page.on('request', (request) => {
    const target = new URL(request.url())
    if (target.origin !== origin && target.protocol !== 'data:') faults.push(request.url())
  })
}
