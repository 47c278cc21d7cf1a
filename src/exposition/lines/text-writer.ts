import type { ExpositionFormat, LineWriter } from '../exposition-format.js'
import type { LineDialect } from './line-dialect.js'
import { CachedLineWriter } from './line-writer.js'
import { escapeHelp } from './text-format.js'

/** The name of the type `unknown` in the text format. */
const UNTYPED = 'untyped'

const DIALECT: LineDialect = {
  headOf: ({ definition }) => definition,
  linesBefore({ definition: { name, type, help } }) {
    const shownType = type === 'unknown' ? UNTYPED : type
    return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${shownType}\n`
  },
  boundOf: (bound) => bound,
  createdNameOf: () => undefined,
}

/**
 * The Prometheus text format, version 0.0.4.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export const textFormat: ExpositionFormat<LineWriter> = {
  contentType: 'text/plain; version=0.0.4; charset=utf-8',
  // The same separator as in prom-client.
  separator: '\n',
  end: '',
  createWriter: (family) => new CachedLineWriter(family, DIALECT),
}
