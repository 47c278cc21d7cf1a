/** One sample line of an exposition. */
export interface ParsedSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)",?/gy

/**
 * The samples of an exposition in the Prometheus text format. The parser follows the grammar and
 * shares no code with the writer, so that it detects errors of the writer.
 */
export function parseExposition(text: string): ParsedSample[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return lines.map((line) => {
    const match = LINE.exec(line)
    if (match === null) throw new Error(`no sample line: ${line}`)
    const [, name = '', labels = '', value = ''] = match
    return { name, labels: parseLabels(labels), value: parseValue(value) }
  })
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < text.length) {
    const at = LABEL.lastIndex
    const match = LABEL.exec(text)
    if (match === null) throw new Error(`no label at ${at} of ${text}`)
    const [, name = '', value = ''] = match
    if (Object.hasOwn(labels, name)) throw new Error(`label ${name} twice in ${text}`)
    labels[name] = value.replace(/\\(.)/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped))
  }
  return labels
}

function parseValue(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY
  if (text === '-Inf') return Number.NEGATIVE_INFINITY
  const value = Number(text)
  // prom-client writes `Nan`.
  if (Number.isNaN(value) && text.toLowerCase() !== 'nan') throw new Error(`no value: ${text}`)
  return value
}
