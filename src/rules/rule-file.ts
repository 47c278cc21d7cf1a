import { Document } from 'yaml'
import { requirePrefix } from '../exposition/families/metric-prefix.js'
import { requireType, resolveNumbers } from '../options.js'
import { alertRule } from './alert-rule.js'
import { engineAlerts } from './engine-alerts.js'
import { natsAlerts } from './nats-alerts.js'
import { recordingRules } from './recording-rules.js'
import { RULE_NUMBERS, type RuleOptions } from './rule-options.js'
import { rollUpRules } from './roll-up-rules.js'
import { Selectors } from './selectors.js'
import { storeAlerts } from './store-alerts.js'

const COMMENT =
  ' Alert and recording rules of moonmeter. `moonmeter rules --help` lists their options; write this\n' +
  ' file again instead of changing it.'
/** Do not wrap lines of expressions. */
const NO_WRAPPING = { lineWidth: 0 }

/**
 * The alerting and recording rules as a rule file of Prometheus, in YAML. All rules are in one
 * group, which Prometheus evaluates in order, so that alerts read the series recorded in the same
 * evaluation.
 *
 * @param given options that differ from their defaults
 * @throws MoonmeterError `INVALID_OPTION`
 * @see https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/
 */
export function ruleFile(given: Partial<RuleOptions> = {}): string {
  const { prefix = '', job, rollUp = false, honorLabels = false, ...numbers } = given
  requirePrefix(prefix)
  requireType('rules.rollUp', 'boolean', rollUp)
  requireType('rules.honorLabels', 'boolean', honorLabels)
  const texts = { prefix, job, rollUp, honorLabels }
  const options = { ...resolveNumbers('rules', RULE_NUMBERS, numbers), ...texts }
  const selectors = new Selectors(options)
  const { rules, series } = recordingRules(options, selectors)
  const sums = rollUp ? rollUpRules(options, selectors, series) : []
  const alerts = [
    ...storeAlerts(options, selectors, series),
    ...engineAlerts(options, selectors),
    ...natsAlerts(options, selectors),
  ]
  const document = new Document({
    groups: [{ name: `${prefix}moonmeter`, rules: [...rules, ...sums, ...alerts.map(alertRule)] }],
  })
  document.commentBefore = COMMENT
  return document.toString(NO_WRAPPING)
}
