import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../packed.js'
import { typedEntries } from './entries.js'
import { extractEntry } from './extract-entry.js'
import { REFERENCE, REPORTS } from './files.js'
import { renderReference } from './reference.js'

const UPDATE =
  'run `npm run api` and read what changed; a breaking change needs a new major version'
/** Declarations with and without docstrings. */
const UNDOCUMENTED = `
export declare function bare(): void
/** A class. */
export declare class Documented {
  /** A member. */
  readonly fine: number
  bareMember: string
}
export {}
`

test('the public API', async (context) => {
  const folder = temporaryFolder(context)
  const entries = typedEntries().map((entry) => extractEntry(entry, folder))
  assert.ok(entries.length >= 2)
  for (const { entry, report, problems } of entries) {
    await context.test(`of ${entry.specifier} is equal to its report`, () => {
      const file = join(REPORTS, `${entry.name}.api.md`)
      assert.equal(report, readFileSync(file, 'utf8'), UPDATE)
    })
    await context.test(`of ${entry.specifier} has a docstring on every export and member`, () => {
      assert.deepEqual(problems, [])
    })
  }
  await context.test('is equal to the reference', () => {
    assert.equal(renderReference(entries), readFileSync(REFERENCE, 'utf8'), UPDATE)
  })
})

test('a missing docstring of an export or a member is found', (context) => {
  const folder = temporaryFolder(context)
  const types = join(folder, 'planted.d.ts')
  writeFileSync(types, UNDOCUMENTED)
  const { problems } = extractEntry({ specifier: 'planted', name: 'planted', types }, folder)
  const missing = problems.map((problem) => /for "(.*)"\.$/.exec(problem)?.[1])
  assert.deepEqual(missing.sort(), ['bare', 'bareMember'])
})
