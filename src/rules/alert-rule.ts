import { formatDuration } from './duration.js'

/** How soon a person should look: `critical` at once, `warning` within the day. */
type Severity = 'critical' | 'warning'

/** What to know about an alert that fires; each a sentence or more. */
interface Runbook {
  readonly means: string
  readonly lookAt: string
  readonly do: string
}

/** An alert before it is written as a rule. */
export interface Alert {
  readonly name: string
  /** A PromQL expression with a sample for each alert that is to fire. */
  readonly expr: string
  /** How long the condition holds before the alert fires; default 0. */
  readonly forSeconds?: number
  readonly severity: Severity
  /** One line, as a template of Prometheus. */
  readonly summary: string
  /** The value with its unit and the threshold, as a template of Prometheus. */
  readonly description: string
  readonly runbook: Runbook
}

/** An alerting rule of Prometheus. */
export interface AlertRule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: { readonly severity: Severity }
  readonly annotations: {
    readonly summary: string
    readonly description: string
    readonly runbook: string
  }
}

/**
 * Template of an alert's engine and server. There is no engine with `perEngine: false`; Prometheus
 * calls the engine's own instance `exported_instance`.
 */
export const ENGINE =
  '{{ with $labels.engine }}engine {{ . }}{{ else }}all engines{{ end }}' +
  '{{ with $labels.exported_instance }} of {{ . }}{{ end }} on {{ $labels.instance }}'

/** An alert as a rule. */
export function alertRule(alert: Alert): AlertRule {
  const { name, expr, forSeconds = 0, severity, summary, description, runbook } = alert
  return {
    alert: name,
    expr,
    ...(forSeconds > 0 && { for: formatDuration(forSeconds) }),
    labels: { severity },
    annotations: {
      summary,
      description,
      runbook:
        `What it means: ${runbook.means}\n` +
        `What to look at: ${runbook.lookAt}\n` +
        `What to do: ${runbook.do}`,
    },
  }
}
