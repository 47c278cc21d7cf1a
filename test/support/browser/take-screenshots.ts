import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type BrowserContextOptions, chromium } from 'playwright-core'
import { COMMAND_FILE } from '../processes/command.js'
import { findOnPath } from '../processes/on-path.js'

/**
 * Takes the screenshots of the README from a running simulation: `npm run screenshots`, in some 100
 * seconds. The window must contain the begin of the fault.
 */

const FOLDER = fileURLToPath(new URL('../../../../src/page/screenshots/', import.meta.url))
const SIMULATION = [
  ...['simulate', '--engines', '8', '--duration', '0', '--listen', '127.0.0.1:0'],
  ...['--scenario', 'slow-engine', '--scenario-after', '45', '--request-rate', '6'],
]
/** Time until the window of a minute contains a calm phase and then the fault. */
const FILL_MS = 78_000
const SERVING = / serving (http:\S+)\/ and \/metrics\n/
const SHOTS: readonly (readonly [file: string, options: BrowserContextOptions])[] = [
  ['light.png', { colorScheme: 'light', viewport: { width: 1280, height: 920 } }],
  ['dark.png', { colorScheme: 'dark', viewport: { width: 1280, height: 920 } }],
  ['phone.png', { colorScheme: 'light', viewport: { width: 400, height: 800 } }],
]

mkdirSync(FOLDER, { recursive: true })
const simulation = spawn(process.execPath, [COMMAND_FILE, ...SIMULATION], {
  stdio: ['ignore', 'ignore', 'pipe'],
})
const executablePath = findOnPath('chromium')
if (executablePath === undefined) throw new Error('chromium not found; apt-get install chromium')
const browser = await chromium.launch({ executablePath })
try {
  const url = await new Promise<string>((resolve) => {
    let log = ''
    simulation.stderr.setEncoding('utf8').on('data', (text) => {
      log += text
      const [, address] = SERVING.exec(log) ?? []
      if (address !== undefined) resolve(address)
    })
  })
  await sleep(FILL_MS)
  for (const [file, options] of SHOTS) {
    const page = await browser.newPage(options)
    await page.goto(`${url}/?window=1m`)
    await page.locator('#engines tr.marked').waitFor()
    await sleep(1_500)
    await page.screenshot({ path: `${FOLDER}${file}` })
    await page.close()
  }
} finally {
  await browser.close()
  simulation.kill()
}
