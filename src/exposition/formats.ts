import type { ExpositionFormat } from './exposition-format.js'
import { openMetricsFormat } from './lines/openmetrics-writer.js'
import { textFormat } from './lines/text-writer.js'
import { protobufFormat } from './protobuf/protobuf-writer.js'

/**
 * The name of a format: the Prometheus text format 0.0.4, OpenMetrics 1.0, or the delimited protobuf
 * of Prometheus.
 */
export type FormatName = 'text' | 'openmetrics' | 'protobuf'

/** Each format by its name. */
export const FORMATS = {
  text: textFormat,
  openmetrics: openMetricsFormat,
  protobuf: protobufFormat,
} as const satisfies Record<FormatName, ExpositionFormat>
