import { NATS_METRICS } from '../catalogue.js'
import type { Alert } from './alert-rule.js'
import { formatDuration } from './duration.js'
import type { RuleOptions } from './rule-options.js'
import type { Selectors } from './selectors.js'

/** The alerts about connections to a bucket of NATS. */
export function natsAlerts({ forSeconds }: RuleOptions, selectors: Selectors): Alert[] {
  const { connected, putFailures } = NATS_METRICS
  const lasting = forSeconds > 0 ? ` for ${formatDuration(forSeconds)}` : ''
  return [
    {
      name: 'MoonmeterNatsDisconnected',
      expr: `${selectors.of(connected)} == 0`,
      forSeconds,
      severity: 'warning',
      summary: 'No connection to NATS on {{ $labels.instance }}',
      description: `There is no connection to a NATS server${lasting} on {{ $labels.instance }}.`,
      runbook: {
        means:
          'a host of engines does not report to the fleet, or an aggregator shows the fleet as it was ' +
          'when the connection was lost. Engines continue to record; rows are late but not lost while ' +
          'their process runs. An aggregator does not know which engines are up meanwhile, so ' +
          'MoonmeterEngineSilent and MoonmeterAllEnginesDown do not fire for it.',
        lookAt:
          'whether the NATS servers run and answer; the network between; whether credentials or ' +
          'certificates have expired; with only this process, its health.lastError and ' +
          `${selectors.nameOf(putFailures)}.`,
        do:
          'restore the servers or the network. The process reconnects, and its next reports contain all ' +
          'rows. If credentials were replaced, restart the process with them.',
      },
    },
  ]
}
