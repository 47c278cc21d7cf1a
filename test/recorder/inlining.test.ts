import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

/** Bytes of bytecode up to which V8 inlines a function into its caller. */
const INLINED_BYTES_MAX = 460
const PROGRAM = `
import { createRecorder } from '${new URL('../../src/recorder/index.js', import.meta.url)}'
createRecorder({ engine: 0, sink: { send() {} } }).operation('op').record(1, 1)
`

test('record of a handle is short enough to be inlined, without which a row takes twice the time', () => {
  const flags = ['--print-bytecode', '--print-bytecode-filter=record', '--input-type=module']
  const { stdout } = spawnSync(process.execPath, [...flags, '--eval', PROGRAM], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  const bytes = /function: record \(.*\n(?:.*\n)?Bytecode length: (\d+)\n/.exec(stdout)?.[1]
  assert.ok(Number(bytes) > 0, stdout.slice(0, 500))
  assert.ok(Number(bytes) <= INLINED_BYTES_MAX, `${bytes} bytes`)
})
