import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ruleFile } from '../../../src/rules/rule-file.js'
import type { RuleSeries } from '../generators/rule-series.js'
import { PROMETHEUS_SKIP } from '../processes/prometheus.js'
import { testRules } from '../processes/promtool.js'

/** Some series, and the alerts that fire for them. */
export interface FiringCase {
  /** The name of the test. */
  readonly what: string
  readonly series: RuleSeries
  /** Per time, such as `10m`, the number of firing alerts by name; no others fire. */
  readonly firing: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** Options of the rules. */
  readonly options?: Parameters<typeof ruleFile>[0]
}

/** No alert fires. */
export const NONE = {}

/** Declares a test per case. */
export function testFiring(cases: readonly FiringCase[]): void {
  for (const { what, series, firing, options } of cases) {
    test(what, { skip: PROMETHEUS_SKIP }, async (context) => {
      const expectations = Object.entries(firing).map(([at, alerts]) => ({
        at,
        expression: 'count by (alertname) (ALERTS{alertstate="firing"})',
        samples: Object.entries(alerts).map(([name, value]) => ({
          labels: `{alertname="${name}"}`,
          value,
        })),
      }))
      const end = await testRules(context, ruleFile(options), { series, expectations })
      assert.equal(end.code, 0, end.stdout + end.stderr)
    })
  }
}
