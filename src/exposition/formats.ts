import type { ExpositionFormat } from './exposition-format.js'
import { textFormat } from './text-writer.js'

/** All formats. To add one, write a writer in a file of its own and add an entry here. */
export const FORMATS = {
  text: textFormat,
} as const satisfies Record<string, ExpositionFormat>
