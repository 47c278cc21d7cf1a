import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Child } from '../support/processes/child.js'

const BIG_ENDIAN = [
  "import os, { endianness } from 'node:os'",
  "import { syncBuiltinESMExports } from 'node:module'",
  "os.endianness = () => 'BE'",
  'syncBuiltinESMExports()',
].join(';')

for (const entry of ['index.js', 'recorder/index.js']) {
  test(`a big-endian processor gets a clear error when ${entry} is imported`, async (context) => {
    const file = new URL(`../../src/${entry}`, import.meta.url).href
    const script = `${BIG_ENDIAN};try { await import('${file}') } catch (error) {
      console.log(error.name, error.code, error.message) }`
    const child = new Child(context, process.execPath, ['--input-type=module', '-e', script])
    const { code, stdout, stderr } = await child.end()
    assert.equal(stderr, '')
    assert.equal(code, 0)
    assert.match(stdout, /^MoonmeterError UNSUPPORTED_PLATFORM moonmeter: expected a little-endian/)
  })
}
