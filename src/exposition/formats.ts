import { openMetricsFormat } from './openmetrics-writer.js'
import { protobufFormat } from './protobuf-writer.js'
import { textFormat } from './text-writer.js'

/** All formats. To add one, write a writer in a file of its own and add an entry here. */
export const FORMATS = {
  text: textFormat,
  openmetrics: openMetricsFormat,
  protobuf: protobufFormat,
} as const

/** The name of a format. */
export type FormatName = keyof typeof FORMATS
