import { boundLabel } from '../../stats/python-float.js'
import type { ExpositionFormat, FamilyHead, LineWriter } from '../exposition-format.js'
import type { Exemplar, FamilyDefinition, MetricType } from '../metric-family.js'
import type { LineDialect } from './line-dialect.js'
import { CachedLineWriter } from './line-writer.js'
import { escapeHelp, formatLabels, formatValue } from './text-format.js'

/** The suffix of a counter's samples, which the name of its family does not have. */
const TOTAL = '_total'
/** Suffixes that are added to the family's name; no other family may have the resulting names. */
const SUFFIXES: { readonly [Type in MetricType]: readonly string[] } = {
  counter: ['', TOTAL, '_created'],
  gauge: [''],
  histogram: ['', '_bucket', '_sum', '_count', '_created'],
  summary: ['', '_sum', '_count', '_created'],
  unknown: [''],
}
/** Maximum total characters of the names and values of an exemplar's labels. */
const EXEMPLAR_CHARACTERS_MAX = 128

const encoder = new TextEncoder()
const tails = new WeakMap<Exemplar, Uint8Array>()
/** Per exposition, the names that belong to more than one family. */
const clashes = new WeakMap<readonly FamilyDefinition[], ReadonlySet<string>>()

const DIALECT: LineDialect = {
  headOf({ definition }, { families }) {
    const head = ownHead(definition)
    // Without its suffix, the name of a counter may be that of another family.
    const isClashing =
      head.type === 'counter' && namesOf(head).some((name) => clashesOf(families).has(name))
    return isClashing ? { name: definition.name, type: 'unknown' } : head
  },
  linesBefore({ definition, unit }, { name, type }) {
    const lines = [`# TYPE ${name} ${type}\n`]
    if (unit !== undefined && name.endsWith(`_${unit}`)) lines.push(`# UNIT ${name} ${unit}\n`)
    lines.push(`# HELP ${name} ${escapeQuoted(definition.help)}\n`)
    return lines.join('')
  },
  boundOf: (bound) => (Number.isFinite(Number(bound)) ? boundLabel(Number(bound)) : bound),
  createdNameOf: ({ name, type }) =>
    SUFFIXES[type].includes('_created') ? `${name}_created` : undefined,
  tailOf({ type }, { le }, exemplar) {
    const mayHaveOne = type === 'counter' || (type === 'histogram' && le !== undefined)
    if (!mayHaveOne) return undefined
    const known = tails.get(exemplar)
    if (known !== undefined || !isShort(exemplar)) return known
    const { labels, value, timestampSeconds } = exemplar
    const timestamp = timestampSeconds === undefined ? '' : ` ${formatValue(timestampSeconds)}`
    const text = ` # {${formatLabels(labels)}} ${formatValue(value)}${timestamp}`
    const tail = encoder.encode(text)
    tails.set(exemplar, tail)
    return tail
  },
}

/**
 * OpenMetrics, version 1.0.
 *
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export const openMetricsFormat: ExpositionFormat<LineWriter> = {
  contentType: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  separator: '',
  end: '# EOF\n',
  createWriter: (family) => new CachedLineWriter(family, DIALECT),
}

/**
 * Name and type of a family, regardless of others. The names of a counter's samples must end in
 * `_total`; otherwise the type is `unknown`, so that the names need not change.
 */
function ownHead({ name, type }: FamilyDefinition): FamilyHead {
  if (type !== 'counter') return { name, type }
  const base = name.slice(0, -TOTAL.length)
  return base !== '' && name.endsWith(TOTAL) ? { name: base, type } : { name, type: 'unknown' }
}

function namesOf({ name, type }: FamilyHead): string[] {
  return SUFFIXES[type].map((suffix) => name + suffix)
}

function clashesOf(families: readonly FamilyDefinition[]): ReadonlySet<string> {
  const known = clashes.get(families)
  if (known !== undefined) return known
  const once = new Set<string>()
  const twice = new Set<string>()
  for (const name of families.flatMap((family) => namesOf(ownHead(family)))) {
    if (once.has(name)) twice.add(name)
    once.add(name)
  }
  clashes.set(families, twice)
  return twice
}

function isShort({ labels }: Exemplar): boolean {
  const characters = Object.entries(labels).flat().join('')
  return Array.from(characters).length <= EXEMPLAR_CHARACTERS_MAX
}

function escapeQuoted(help: string): string {
  return escapeHelp(help).replaceAll('"', '\\"')
}
