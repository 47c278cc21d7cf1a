import { SELF_METRICS } from '../catalogue.js'
import { type Alert, ENGINE } from './alert-rule.js'
import { formatDuration } from './duration.js'
import type { RuleOptions } from './rule-options.js'
import { indent, type Selectors } from './selectors.js'

/** The alerts about engines and their reports. */
export function engineAlerts(options: RuleOptions, selectors: Selectors): Alert[] {
  return [
    engineSilent(options, selectors),
    engineRestarting(options, selectors),
    allEnginesDown(options, selectors),
    payloadsRejected(options, selectors),
  ]
}

function engineSilent({ forSeconds }: RuleOptions, selectors: Selectors): Alert {
  const { engineUp, engineOpen, rejected } = SELF_METRICS
  return {
    name: 'MoonmeterEngineSilent',
    expr:
      `${selectors.of(engineUp)} == 0\nand ${selectors.of(engineOpen)} == 1\n` +
      selectors.unlessFleetUnknown(),
    forSeconds,
    severity: 'warning',
    summary: `No reports: ${ENGINE}`,
    description: `An engine that was not closed has sent no report${lasting(forSeconds)}: ${ENGINE}.`,
    runbook: {
      means:
        'the engine is blocked in a call that does not return, its thread or process died without ' +
        'a restart, its pool has stopped restarting it, or its reports do not arrive.',
      lookAt:
        'whether its thread or process exists and uses a processor; its log; for another process, ' +
        `the transport of its reports; ${selectors.nameOf(rejected)}.`,
      do:
        'restart the engine. If it is no longer needed, close it: recorder.close() before its thread ' +
        "ends, or aggregator.disconnect(engine, { series: 'drop' }) afterwards.",
    },
  }
}

function engineRestarting(options: RuleOptions, selectors: Selectors): Alert {
  const { windowSeconds, restarts } = options
  const growth = selectors.growth(SELF_METRICS.restarts, windowSeconds)
  return {
    name: 'MoonmeterEngineRestarting',
    expr: `sum without (reason) (\n${indent(growth)}\n) >= ${restarts}`,
    severity: 'warning',
    summary: `The engine is restarted again and again: ${ENGINE}`,
    description:
      `The pool restarted the engine {{ $value | humanize }} times in the last ` +
      `${formatDuration(windowSeconds)} (threshold ${restarts}): ${ENGINE}.`,
    runbook: {
      means:
        'the engine fails soon after each start. The pool waits longer before each restart, and ' +
        'stops after restart.restartsMax restarts in a row.',
      lookAt:
        `the label reason of ${selectors.nameOf(SELF_METRICS.restarts)} (exit, error, ` +
        "out_of_memory); the error of the pool's event 'exit'; the heap limit of its threads.",
      do:
        'for out_of_memory, raise resourceLimits or reduce the load of the engine; otherwise fix the ' +
        'error. If the pool has stopped restarting the engine, start a new pool.',
    },
  }
}

function allEnginesDown({ forSeconds }: RuleOptions, selectors: Selectors): Alert {
  const { targetLabels } = selectors
  const { enginesUp, engineOpen, lastReport } = SELF_METRICS
  return {
    name: 'MoonmeterAllEnginesDown',
    expr:
      `${selectors.of(enginesUp)} == 0\n` +
      `unless on (${targetLabels}) max by (${targetLabels}) (${selectors.of(engineOpen)}) == 0\n` +
      selectors.unlessFleetUnknown(),
    forSeconds,
    severity: 'critical',
    summary: 'No engine is up on {{ $labels.instance }}',
    description:
      `{{ $value }} engines are up on {{ $labels.instance }}${lasting(forSeconds)}, and not all that ` +
      'are known were closed.',
    runbook: {
      means:
        'the server answers scrapes, but none of its engines reports, or none ever connected. ' +
        'Requests that need an engine wait or fail.',
      lookAt:
        "the log of the server and of its pool; whether the engines' threads or processes exist; " +
        `${selectors.nameOf(lastReport)} for when they stopped.`,
      do:
        'restart the server. If that does not help, roll back its last deployment; if engines are in ' +
        'other processes, check the transport of their reports.',
    },
  }
}

function payloadsRejected({ windowSeconds, rejected }: RuleOptions, selectors: Selectors): Alert {
  const window = formatDuration(windowSeconds)
  return {
    name: 'MoonmeterPayloadsRejected',
    expr: `increase(${selectors.of(SELF_METRICS.rejected)}[${window}]) >= ${rejected}`,
    severity: 'warning',
    summary: 'Payloads are rejected as {{ $labels.reason }} on {{ $labels.instance }}',
    description:
      `{{ $value | humanize }} payloads were rejected as {{ $labels.reason }} in the last ${window} ` +
      `(threshold ${rejected}) on {{ $labels.instance }}.`,
    runbook: {
      means:
        'received payloads are invalid, or contradict the known state of their engine. Rejected ' +
        'payloads are not counted, so rows may be missing.',
      lookAt:
        'the label reason; the error that the aggregator passes to its option onRejected; a ' +
        'captured payload with moonmeter inspect; the versions on both sides.',
      do:
        'for version, bounds or shape, bring both sides to the same version and options; for ' +
        'engine, local or incarnation, give each engine a unique index or instance; for ' +
        'oversized, raise payloadBytesMax; for the others, correct the sender.',
    },
  }
}

function lasting(seconds: number): string {
  return seconds > 0 ? ` for ${formatDuration(seconds)}` : ''
}
