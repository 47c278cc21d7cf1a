import { context, isSpanContextValid, TraceFlags, trace } from '@opentelemetry/api'

/**
 * The id of the trace of OpenTelemetry's active span, for the option `traceId` of a recorder. It needs
 * `@opentelemetry/api`, and an OpenTelemetry SDK that is set up in the same thread.
 *
 * @returns undefined where no span is active, or the active one is not sampled, so that its trace is
 * stored nowhere
 * @see https://opentelemetry.io/docs/specs/otel/metrics/sdk/#exemplar
 */
export function activeTraceId(): string | undefined {
  const span = trace.getSpanContext(context.active())
  if (span === undefined || !isSpanContextValid(span)) return undefined
  return (span.traceFlags & TraceFlags.SAMPLED) === 0 ? undefined : span.traceId
}
