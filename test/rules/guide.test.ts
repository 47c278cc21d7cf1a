import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import { rulesCommand } from '../../src/cli/rules-command.js'
import type { AlertRule } from '../../src/rules/alert-rule.js'
import type { RecordingRule } from '../../src/rules/recording-rules.js'
import { ruleFile } from '../../src/rules/rule-file.js'

const GUIDE = readFileSync(new URL('../../../src/rules/README.md', import.meta.url), 'utf8')
const LEVEL = 'instance_engine_operation:'
const RULES: readonly (AlertRule | RecordingRule)[] = parse(ruleFile()).groups[0].rules

test('the guide has a section for each alert, in order, with the text of its runbook', () => {
  const alerts = RULES.filter((rule) => 'alert' in rule)
  const sections = new Map(
    GUIDE.split(/^## /m).map((section) => {
      const [title = '', ...lines] = section.split('\n')
      return [title, lines.join(' ')]
    }),
  )
  assert.deepEqual(
    [...sections.keys()].filter((title) => title.startsWith('Moonmeter')),
    alerts.map(({ alert }) => alert),
  )
  for (const { alert, labels, annotations } of alerts) {
    const section = plain(sections.get(alert) ?? '')
    assert.ok(section.includes(`Severity ${labels.severity}.`), alert)
    for (const line of annotations.runbook.split('\n')) {
      assert.ok(section.includes(plain(line)), `${alert}: ${line}`)
    }
  }
})

test('the guide has each option with its default, and no other', () => {
  const rows = [...GUIDE.matchAll(/^\| `(--[\w-]+)` \| (\S+) \|/gm)].map(([, flag, value]) => [
    flag,
    value?.replaceAll('`', ''),
  ])
  const options = rulesCommand().options.map(({ long, defaultValue, defaultValueDescription }) => {
    return [long, String(defaultValueDescription ?? defaultValue)]
  })
  assert.deepEqual(rows.slice(2), options.slice(2))
  assert.deepEqual(rows.slice(0, 2), [
    ['--prefix', 'none'],
    ['--job', 'all'],
  ])
})

test('the guide has each recorded series, and no other', () => {
  const rows = [...GUIDE.matchAll(/^\| `(vllm_[\w:]+)` \|/gm)].map(([, name]) => `${LEVEL}${name}`)
  assert.deepEqual(
    rows,
    RULES.filter((rule) => 'record' in rule).map(({ record }) => record),
  )
})

test('the guide has each sum of a job, and each also exists for instances', () => {
  const sums = parse(ruleFile({ rollUp: true }))
    .groups[0].rules.map(({ record = '' }) => record)
    .filter((record: string) => /^(?:instance|job)(?:_operation)?:/.test(record))
  const rows = [...GUIDE.matchAll(/^\| `(job(?:_operation)?:[\w:]+)` \|/gm)].map(
    ([, name = '']) => name,
  )
  const both = rows.flatMap((name) => [name, name.replace('job', 'instance')])
  assert.deepEqual(both.sort(), sums.sort())
})

/** A text without line breaks and markup. */
function plain(text: string): string {
  return text.replaceAll(/[*`]/g, '').replaceAll(/\s+/g, ' ')
}
