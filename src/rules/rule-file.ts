import { Document } from 'yaml'
import { requirePrefix } from '../exposition/families/metric-prefix.js'
import { resolveNumbers } from '../options.js'
import { alertRule } from './alert-rule.js'
import { engineAlerts } from './engine-alerts.js'
import { natsAlerts } from './nats-alerts.js'
import { recordingRules } from './recording-rules.js'
import { RULE_NUMBERS, type RuleOptions } from './rule-options.js'
import { Selectors } from './selectors.js'
import { storeAlerts } from './store-alerts.js'

const COMMENT =
  ' Alert and recording rules of moonmeter. `moonmeter rules --help` lists their options; write this\n' +
  ' file again instead of changing it.'
/** Lines of expressions are left as they are. */
const NO_WRAPPING = { lineWidth: 0 }

/**
 * The alerting and recording rules as a rule file of Prometheus, in YAML. All are in one group, whose
 * rules Prometheus evaluates in order, so that an alert reads series that were just recorded.
 *
 * @param given options that differ from their defaults
 * @throws MoonmeterError `INVALID_OPTION`
 * @see https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/
 */
export function ruleFile(given: Partial<RuleOptions> = {}): string {
  const { prefix = '', job, ...numbers } = given
  requirePrefix(prefix)
  const options = { ...resolveNumbers('rules', RULE_NUMBERS, numbers), prefix, job }
  const selectors = new Selectors(options)
  const { rules, series } = recordingRules(options, selectors)
  const alerts = [
    ...storeAlerts(options, selectors, series),
    ...engineAlerts(options, selectors),
    ...natsAlerts(options, selectors),
  ]
  const document = new Document({
    groups: [{ name: `${prefix}moonmeter`, rules: [...rules, ...alerts.map(alertRule)] }],
  })
  document.commentBefore = COMMENT
  return document.toString(NO_WRAPPING)
}
