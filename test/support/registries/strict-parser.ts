import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'

/** A family as parsed by Python's Prometheus client. */
export interface StrictFamily {
  readonly name: string
  readonly type: string
  readonly unit: string
  readonly help: string
  readonly samples: readonly StrictSample[]
}

export interface StrictSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** The text of a number in Python, since JSON has no NaN and infinity. */
  readonly value: string
  readonly exemplar: {
    readonly labels: Readonly<Record<string, string>>
    readonly value: string
  } | null
}

const READER = `
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
print(json.dumps([{
  'name': f.name, 'type': f.type, 'unit': f.unit, 'help': f.documentation,
  'samples': [{
    'name': s.name, 'labels': s.labels, 'value': repr(float(s.value)),
    'exemplar': s.exemplar and {'labels': s.exemplar.labels, 'value': repr(float(s.exemplar.value))},
  } for s in f.samples],
} for f in parse(sys.stdin.buffer.read().decode('utf-8'))]))
`
const PYTHON = ['/usr/bin/python3', 'python3'].find((python) => {
  const code = 'import prometheus_client.openmetrics.parser'
  return spawnSync(python, ['-c', code]).status === 0
})

/** The reason to skip tests with the parser; false in CI, where its absence is a failure. */
export const PARSER_SKIP =
  PYTHON !== undefined || process.env.CI === 'true' ? false : 'no python3-prometheus-client'

/** The families of an exposition; fails if the OpenMetrics parser rejects it. */
export function parseStrictly(text: string): StrictFamily[] {
  const { status, stdout, stderr } = spawnSync(PYTHON ?? 'python3', ['-c', READER], {
    input: text,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout)
}
