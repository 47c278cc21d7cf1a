import type { MetricType } from '../exposition/metric-family.js'
import { BOUND_LABELS, SAMPLE_SUFFIXES } from '../exposition/metric-types.js'
import { type ForeignFamily, ForeignFamilyBuilder } from './foreign-family.js'
import { assertForeign } from './foreign-metric.js'

/** Samples that are read per step, after which the event loop may turn. */
const SAMPLES_PER_STEP = 256
const TYPES = Object.keys(SAMPLE_SUFFIXES) as readonly MetricType[]

/**
 * The families of the result of a metric's `get`: one for the metric, and one of type `unknown` for
 * each sample name that a metric of its type cannot have. The samples are read in steps.
 *
 * @param isOpenMetrics whether the registry's format is OpenMetrics; it then names counters without
 * `_total` and adds the suffix to their samples
 * @throws MoonmeterError `INVALID_OPTION` for a value that is not a metric
 */
export function* readForeign(
  metric: unknown,
  isOpenMetrics: boolean,
): Generator<void, ForeignFamily[]> {
  assertForeign(metric)
  const type = TYPES.find((known) => known === metric.type) ?? 'unknown'
  const isRenamed = isOpenMetrics && type === 'counter'
  const rename = (name: string) => (isRenamed ? `${name.replace(/_total$/, '')}_total` : name)
  const name = rename(metric.name)
  const help = String(metric.help ?? '')
  const suffixOf = new Map(SAMPLE_SUFFIXES[type].map((suffix) => [name + suffix, suffix]))
  const main = new ForeignFamilyBuilder({ name, help, type }, BOUND_LABELS[type])
  const others = new Map<string, ForeignFamilyBuilder>()
  for (const [index, sample] of (metric.values ?? []).entries()) {
    if (index % SAMPLES_PER_STEP === 0) yield
    const sampleName = rename(sample.metricName ?? metric.name)
    const suffix = suffixOf.get(sampleName)
    if (suffix !== undefined) {
      main.add(suffix, sample)
      continue
    }
    const definition = { name: sampleName, help, type: 'unknown' } as const
    const other = others.get(sampleName) ?? new ForeignFamilyBuilder(definition)
    others.set(sampleName, other)
    other.add('', sample)
  }
  return [main, ...others.values()].map((builder) => builder.build())
}
