import type { MetricDefinition } from '../../../src/catalogue.js'
import { parseExposition } from './exposition.js'

/** The differences between the declared metrics and those of an exposition. */
export function undeclaredMetrics(
  definitions: readonly MetricDefinition[],
  exposition: string,
): string[] {
  const helps = commentsOf(exposition, 'HELP')
  const types = commentsOf(exposition, 'TYPE')
  const samples = parseExposition(exposition)
  const names = new Set(definitions.map(({ name }) => name))
  const exposed = new Set([...helps.keys(), ...types.keys()])
  const sampled = new Set<string>()
  const violations = [...exposed]
    .filter((name) => !names.has(name))
    .map((name) => `${name} is exposed, but not declared`)
  for (const { name, labels } of samples) {
    const definition = definitions.find((declared) => declares(declared, name))
    if (definition === undefined) {
      violations.push(`sample ${name} is of no declared metric`)
      continue
    }
    sampled.add(definition.name)
    const expected = [...definition.labels, ...(name.endsWith('_bucket') ? ['le'] : [])]
    if (Object.keys(labels).join() !== expected.join()) {
      violations.push(`${name} has the labels ${Object.keys(labels)}, not ${expected}`)
    }
  }
  for (const { name, help, type } of definitions) {
    if (!sampled.has(name)) violations.push(`${name} is declared, but has no sample`)
    if (helps.get(name) !== help) violations.push(`HELP of ${name} is not as declared`)
    if (types.get(name) !== type) violations.push(`TYPE of ${name} is not as declared`)
  }
  return [...new Set(violations)]
}

/** The differences between the declared metrics and the tables of a Markdown text. */
export function undocumentedMetrics(
  definitions: readonly MetricDefinition[],
  markdown: string,
): string[] {
  const rows = markdown.split('\n').filter((line) => line.trimStart().startsWith('|'))
  const shown = rows.flatMap((row) =>
    [...row.matchAll(/`((?:vllm:|moonmeter_)\w+)`/g)].map(([, name = '']) => name),
  )
  const names = definitions.map(({ name }) => name)
  return [
    ...names.filter((name) => !shown.includes(name)).map((name) => `${name} is in no table`),
    ...shown.filter((name) => !names.includes(name)).map((name) => `${name} is no metric`),
  ]
}

function declares({ name, type }: MetricDefinition, sample: string): boolean {
  if (type !== 'histogram') return sample === name
  return ['_bucket', '_sum', '_count'].some((suffix) => sample === name + suffix)
}

function commentsOf(exposition: string, keyword: 'HELP' | 'TYPE'): Map<string, string> {
  const pattern = new RegExp(`^# ${keyword} (\\S+) (.*)$`, 'gm')
  return new Map([...exposition.matchAll(pattern)].map(([, name = '', text = '']) => [name, text]))
}
