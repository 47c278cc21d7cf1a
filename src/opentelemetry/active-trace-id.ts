import { context, isSpanContextValid, TraceFlags, trace } from '@opentelemetry/api'

/**
 * The id of the trace of OpenTelemetry's active span, for the option `traceId` of a recorder.
 * Requires `@opentelemetry/api`, and an OpenTelemetry SDK in the same thread.
 *
 * @returns undefined if no span is active, or if the active span is not sampled, since its trace is
 * not stored
 * @see https://opentelemetry.io/docs/specs/otel/metrics/sdk/#exemplar
 */
export function activeTraceId(): string | undefined {
  const span = trace.getSpanContext(context.active())
  if (span === undefined || !isSpanContextValid(span)) return undefined
  return (span.traceFlags & TraceFlags.SAMPLED) === 0 ? undefined : span.traceId
}
