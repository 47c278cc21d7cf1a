import { formatDuration } from './duration.js'

/** The urgency of an alert: `critical` immediately, `warning` within the day. */
type Severity = 'critical' | 'warning'

/** The runbook of an alert; each field is one or more sentences. */
interface Runbook {
  readonly means: string
  readonly lookAt: string
  readonly do: string
}

/** The definition of an alert. */
export interface Alert {
  readonly name: string
  /** A PromQL expression with a sample for each alert. */
  readonly expr: string
  /** How long the condition holds before the alert fires; default 0. */
  readonly forSeconds?: number
  readonly severity: Severity
  /** One line, as a Prometheus template. */
  readonly summary: string
  /** The value with its unit and the threshold, as a Prometheus template. */
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
 * Template of an alert's engine and server. With `perEngine: false`, there is no label `engine`.
 * Without `honor_labels`, Prometheus renames the engine's instance to `exported_instance`.
 */
export const ENGINE =
  '{{ with $labels.engine }}engine {{ . }}{{ else }}all engines{{ end }}' +
  '{{ with $labels.exported_instance }} of {{ . }}{{ end }} on {{ $labels.instance }}'

/** Converts an alert to a rule. */
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
