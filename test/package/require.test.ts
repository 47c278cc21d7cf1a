import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Child } from '../support/processes/child.js'
import { makeReadmeProject } from '../support/processes/readme-project.js'
import { typedEntries } from './api/entries.js'

const PROGRAM = `
const { EngineAggregator, MoonmeterError } = require('moonmeter')
const { createRecorder, MoonmeterError: same } = require('moonmeter/recorder')
const aggregator = new EngineAggregator()
const recorder = createRecorder(aggregator.connect(0))
recorder.record('load_get', 0.5, 3)
recorder.close()
console.log(aggregator.stats().reduce().load_get_total_keys, MoonmeterError === same)
aggregator.close()
`

test('CommonJS programs load the package by require', async (context) => {
  const folder = await makeReadmeProject(context)
  const file = join(folder, 'main.cjs')
  // A module that awaits at its top level cannot be loaded by `require`, in any entry.
  const requires = typedEntries().map(({ specifier }) => `require('${specifier}')\n`)
  await writeFile(file, requires.join('') + PROGRAM)
  // Node 20 warns of `require` of ES modules, unless they are in node_modules.
  const args = ['--disable-warning=ExperimentalWarning', file]
  const { stdout, stderr } = await new Child(context, process.execPath, args).end()
  assert.deepEqual({ stdout, stderr }, { stdout: '3 true\n', stderr: '' })
})
