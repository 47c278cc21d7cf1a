import { OTHER, STORE_METRICS } from '../catalogue.js'
import { type Alert, ENGINE } from './alert-rule.js'
import { formatDuration } from './duration.js'
import type { RecordedSeries } from './recording-rules.js'
import type { RuleOptions } from './rule-options.js'
import { indent, type Selectors } from './selectors.js'

/** The alerts about calls to the store. */
export function storeAlerts(
  options: RuleOptions,
  selectors: Selectors,
  series: RecordedSeries,
): Alert[] {
  return [
    failedKeys(options, series),
    errorBurst(options, series),
    latencyHigh(options, series),
    seriesLimitReached(options, selectors),
  ]
}

function failedKeys(options: RuleOptions, { failedKeyRatio, keys }: RecordedSeries): Alert {
  const { windowSeconds, forSeconds, keysMin } = options
  const window = formatDuration(windowSeconds)
  return {
    name: 'MoonmeterFailedKeys',
    expr:
      `${failedKeyRatio} > ${options.failedKeyRatio}\n` +
      `and ${keys} * ${windowSeconds} >= ${keysMin}`,
    forSeconds,
    severity: 'warning',
    summary: `{{ $value | humanizePercentage }} of the keys of {{ $labels.operation }} fail: ${ENGINE}`,
    description:
      `{{ $value | humanizePercentage }} of the keys of {{ $labels.operation }} failed in the last ` +
      `${window} (threshold ${percent(options.failedKeyRatio)}): ${ENGINE}.`,
    runbook: {
      means:
        'calls were answered, but some of their keys failed. Failed gets are computed again, and ' +
        'failed puts are cache misses later.',
      lookAt:
        'whether one engine or all are affected, gets or puts; evictions, free memory and replicas ' +
        'of the store; segments that it has lost.',
      do:
        'with one engine, look at its network and restart it; with all, add memory to the store or ' +
        'restore its lost segments.',
    },
  }
}

function errorBurst(options: RuleOptions, { burstErrors, burstErrorRatio }: RecordedSeries): Alert {
  const { burstWindowSeconds, errorsMin, errorRatio } = options
  return {
    name: 'MoonmeterErrorBurst',
    expr:
      `${burstErrorRatio} > ${errorRatio}\n` +
      `and ${burstErrors} * ${burstWindowSeconds} >= ${errorsMin}`,
    severity: 'critical',
    summary: `{{ $value | humanizePercentage }} of the calls of {{ $labels.operation }} fail: ${ENGINE}`,
    description:
      `{{ $value | humanizePercentage }} of the calls of {{ $labels.operation }} failed as a whole ` +
      `in the last ${formatDuration(burstWindowSeconds)} (threshold ${percent(errorRatio)}): ${ENGINE}.`,
    runbook: {
      means:
        'many calls fail completely within a short time: the store or the network to it does not ' +
        'work. With each such call, the engine loses a part of its cache.',
      lookAt:
        "the engine's log for the error; whether the store's master and metadata service answer; " +
        'the network between them; deployments and failovers at that time.',
      do:
        'restore the service that does not answer, or roll back the deployment. If this takes long, ' +
        'disable the connector: without the cache, requests are slower but do not wait for errors.',
    },
  }
}

function latencyHigh(options: RuleOptions, { p99, p99Median, calls }: RecordedSeries): Alert {
  const { latencyFactor, latencyMinSeconds, callsMin, windowSeconds, forSeconds } = options
  const baseline = formatDuration(options.baselineSeconds)
  return {
    name: 'MoonmeterLatencyHigh',
    expr:
      `${p99} > ${latencyFactor} * ${p99Median}\n` +
      `and ${p99} > ${latencyMinSeconds}\n` +
      `and ${calls} * ${windowSeconds} >= ${callsMin}`,
    forSeconds,
    severity: 'warning',
    summary: `p99 of {{ $labels.operation }} is {{ $value | humanizeDuration }}: ${ENGINE}`,
    description:
      `p99 of {{ $labels.operation }} over ${formatDuration(windowSeconds)} is ` +
      `{{ $value | humanizeDuration }}, more than ${latencyFactor} times its median over the ` +
      `${baseline} before: ${ENGINE}.`,
    runbook: {
      means:
        'the slowest calls take much longer than before. The baseline moves: after about half of its ' +
        'length, the alert ends even if the latency has not improved.',
      lookAt:
        'whether one engine or all are affected; bytes per call, since larger calls take longer; ' +
        "saturation of the network, and of the store's processors and disks.",
      do:
        'with one engine, move it to another host or NIC; with all, reduce the load of the store, or ' +
        'add nodes to it.',
    },
  }
}

function seriesLimitReached({ windowSeconds }: RuleOptions, selectors: Selectors): Alert {
  const growths = ['engine', 'operation', 'status'].map((label) =>
    selectors.growth(STORE_METRICS.operations, windowSeconds, { [label]: OTHER }),
  )
  const window = formatDuration(windowSeconds)
  return {
    name: 'MoonmeterSeriesLimitReached',
    expr: `sum without (operation, status) (\n${indent(growths.join('\nor\n'))}\n) > 0`,
    severity: 'warning',
    summary: `Calls are counted as '${OTHER}': ${ENGINE}`,
    description:
      `{{ $value | humanize }} calls of the last ${window} are counted under '${OTHER}', past a limit on ` +
      `engines, operations, statuses or series: ${ENGINE}.`,
    runbook: {
      means:
        'there are more engines, operations, statuses or series than the limits allow. Sums stay ' +
        `exact, but rows past a limit count under '${OTHER}' without their own name.`,
      lookAt:
        `which label has the value '${OTHER}'; whether names contain a part that always differs, ` +
        'such as a request id or the text of an error.',
      do:
        'give such names a fixed set of values, drop engines that are not used any more with ' +
        "disconnect(engine, { series: 'drop' }), or raise the limit (seriesMax, seriesTotalMax, " +
        'enginesMax).',
    },
  }
}

function percent(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(6))}%`
}
