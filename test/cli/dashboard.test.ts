import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Dashboard, targetsOf } from '../support/assertions/dashboards.js'
import { Child } from '../support/processes/child.js'
import { COMMAND_FILE, runCommand, runCommands } from '../support/processes/command.js'

test('dashboard prints JSON and nothing else', async (context) => {
  const { code, stdout, stderr } = await runCommand(context, ['dashboard'])
  assert.deepEqual([code, stderr], [0, ''])
  assert.ok(stdout.endsWith('}\n'))
  const { title, uid, panels }: Dashboard = JSON.parse(stdout)
  assert.deepEqual([title, uid], ['moonmeter', 'moonmeter'])
  assert.ok(panels.length > 0)
})

test('the options of dashboard are in its output', async (context) => {
  const args = ['--title', 'Über "uns"', '--uid', 'a-B_1', '--job', 'a "b"', '--prefix', 'my_']
  const [end] = await runCommands(context, [['dashboard', ...args]])
  const dashboard: Dashboard = JSON.parse(`${end?.stdout}`)
  assert.deepEqual([dashboard.title, dashboard.uid], ['Über "uns"', 'a-B_1'])
  for (const { expr } of targetsOf(dashboard)) {
    assert.match(expr, /\bmy_(?:vllm:mooncake|moonmeter)_\w+\{job="a \\"b\\""[,}]/)
  }
})

test('a reader may close the pipe before the end of the dashboard', async (context) => {
  const line = `"$0" "$1" dashboard | head -c 20`
  const args = ['-c', line, process.execPath, COMMAND_FILE]
  const { stdout, stderr } = await new Child(context, 'sh', args).end()
  assert.equal(stdout, '{\n  "timezone": "bro')
  assert.equal(stderr, '')
})
