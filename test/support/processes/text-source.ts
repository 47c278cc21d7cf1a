import type { MetricsSource } from '../../../src/index.js'

/** A source whose exposition a function creates, and the number of its calls. */
export interface TextSource extends MetricsSource {
  readonly renderings: number
}

/** A source with a registry that has only the required methods. */
export function textSource(text: () => string | Promise<string>): TextSource {
  let renderings = 0
  const registry = {
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    registerMetric() {},
    async metrics() {
      renderings++
      return text()
    },
  }
  return {
    registry,
    get renderings() {
      return renderings
    },
  }
}

const LINE_BYTES = 1_024

/**
 * Numbered lines of at least the given number of bytes, so that a gap or a repetition is
 * detectable.
 */
export function numberedLines(bytes: number): string {
  const padding = '.'.repeat(LINE_BYTES - 12)
  return Array.from({ length: Math.ceil(bytes / LINE_BYTES) }, (_, line) => {
    return `${String(line).padStart(11, '0')}${padding}\n`
  }).join('')
}
