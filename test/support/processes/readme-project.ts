import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

const REPOSITORY = fileURLToPath(new URL('../../../../', import.meta.url))
const EXAMPLE = /<!-- example: (\S+) -->\n```js\n(.*?)```/gs

/** A project of a user who copied examples of the README. */
export interface ReadmeProject {
  readonly folder: string
  /** The code of the README's example with that file name. */
  readonly example: (name: string) => string
}

/** A project of a user who installed moonmeter and Piscina; it is removed after the test. */
export async function makeReadmeProject(context: TestContext): Promise<ReadmeProject> {
  const readme = await readFile(join(REPOSITORY, 'README.md'), 'utf8')
  const examples = new Map(
    Array.from(readme.matchAll(EXAMPLE), ([, name = '', code = '']) => [name, code]),
  )
  const folder = await mkdtemp(join(tmpdir(), 'moonmeter-readme-'))
  context.after(() => rm(folder, { recursive: true }))
  const modules = join(folder, 'node_modules')
  await mkdir(modules)
  await symlink(REPOSITORY, join(modules, 'moonmeter'))
  await symlink(join(REPOSITORY, 'node_modules/piscina'), join(modules, 'piscina'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  const example = (name: string) => {
    const code = examples.get(name)
    assert.ok(code !== undefined, `README.md: expected an example ${name}`)
    return code
  }
  return { folder, example }
}
