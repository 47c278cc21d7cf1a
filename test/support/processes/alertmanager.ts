import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { Child } from './child.js'
import { freePort } from './free-port.js'
import { isOnPath } from './on-path.js'

/** The name of the program in Debian, and that of the project. */
const FOUND = ['prometheus-alertmanager', 'alertmanager'].find(isOnPath)
/** The reason to skip tests; false in CI, where an absent program is a failure. */
export const ALERTMANAGER_SKIP =
  FOUND === undefined && process.env.CI !== 'true'
    ? 'alertmanager not found; apt-get install prometheus-alertmanager'
    : false
/** A configuration without notifications. */
const CONFIG = 'route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n'

/** The properties of an active alert that tests read. */
export interface ActiveAlert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** An Alertmanager of a test. */
export interface Alertmanager {
  readonly url: string
  /** Returns the active alerts. */
  readonly alerts: () => Promise<readonly ActiveAlert[]>
}

/** Starts an Alertmanager without peers, with a directory of its own. */
export async function startAlertmanager(
  context: TestContext,
  directory: string,
): Promise<Alertmanager> {
  assert.ok(FOUND !== undefined, 'install alertmanager, or unset CI to skip this test')
  const config = join(directory, 'alertmanager.yml')
  writeFileSync(config, CONFIG)
  const url = `http://127.0.0.1:${await freePort()}`
  const child = new Child(
    context,
    FOUND,
    [
      `--config.file=${config}`,
      `--storage.path=${join(directory, 'alertmanager')}`,
      `--web.listen-address=${new URL(url).host}`,
      '--cluster.listen-address=',
    ],
    { lifeMsMax: 200_000 },
  )
  await child.waitForStderr(/Listening on/i)
  return {
    url,
    alerts: async () => {
      const response = await fetch(`${url}/api/v2/alerts?active=true`)
      assert.equal(response.status, 200)
      return (await response.json()) as ActiveAlert[]
    },
  }
}
