import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { Child, type Ended } from './child.js'
import { temporaryDirectory } from './command.js'

/** Series, and the expected results of the rules at some times. */
export interface RuleCase {
  /** Values in promtool's notation, such as `0+1x60`, by series, such as `up{job="a"}`. */
  readonly series: Readonly<Record<string, string>>
  /** Expected samples of expressions at times such as `10m`: labels and values. */
  readonly expectations: readonly Expectation[]
  /** Expected alerts with their labels and annotations. */
  readonly alerts?: readonly ExpectedAlert[]
}

interface Expectation {
  readonly at: string
  readonly expression: string
  readonly samples: readonly { readonly labels: string; readonly value: number }[]
}

interface ExpectedAlert {
  readonly at: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** Runs `promtool check rules` for a rule file. */
export function checkRules(context: TestContext, rules: string): Promise<Ended> {
  const file = join(temporaryDirectory(context), 'moonmeter.rules.yml')
  writeFileSync(file, rules)
  return new Child(context, 'promtool', ['check', 'rules', '--lint-fatal', file]).end()
}

/** Runs `promtool test rules` for a rule file and a case, with an evaluation each 15 s. */
export function testRules(
  context: TestContext,
  rules: string,
  { series, expectations, alerts = [] }: RuleCase,
): Promise<Ended> {
  const directory = temporaryDirectory(context)
  writeFileSync(join(directory, 'moonmeter.rules.yml'), rules)
  const file = join(directory, 'test.yml')
  const content = {
    rule_files: ['moonmeter.rules.yml'],
    evaluation_interval: '15s',
    tests: [
      {
        interval: '15s',
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        promql_expr_test: expectations.map(({ at, expression, samples }) => ({
          eval_time: at,
          expr: expression,
          exp_samples: samples,
        })),
        alert_rule_test: alerts.map(({ at, name, labels, annotations }) => ({
          eval_time: at,
          alertname: name,
          exp_alerts: [{ exp_labels: labels, exp_annotations: annotations }],
        })),
      },
    ],
  }
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(content))
  return new Child(context, 'promtool', ['test', 'rules', file]).end()
}
