import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

const REPOSITORY = fileURLToPath(new URL('../../../../', import.meta.url))
const EXAMPLE = /<!-- example: (\S+) -->\n```js\n(.*?)```/gs

/** The code of the README's example with that file name. */
export async function readmeExample(name: string): Promise<string> {
  const readme = await readFile(join(REPOSITORY, 'README.md'), 'utf8')
  for (const [, file, code] of readme.matchAll(EXAMPLE)) {
    if (file === name && code !== undefined) return code
  }
  throw new assert.AssertionError({ message: `README.md: expected an example ${name}` })
}

/** The folder of a user who installed moonmeter and Piscina; it is removed after the test. */
export async function makeReadmeProject(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'moonmeter-readme-'))
  context.after(() => rm(folder, { recursive: true }))
  const modules = join(folder, 'node_modules')
  await mkdir(modules)
  await symlink(REPOSITORY, join(modules, 'moonmeter'))
  await symlink(join(REPOSITORY, 'node_modules/piscina'), join(modules, 'piscina'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  return folder
}
