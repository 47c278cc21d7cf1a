import type { MetricDefinition } from '../../catalogue.js'
import { describe } from '../../describe.js'
import { MoonmeterError } from '../../errors.js'
import { requireType } from '../../options.js'
import { type Snapshot, totalOf } from '../../snapshot/snapshot.js'
import type { SourceKey, SourceSnapshot } from '../../snapshot/source-snapshot.js'
import { type Labels, NO_LABELS } from '../metric-family.js'
import { type LabelValue, readLabelEntries, readLabelValue } from './label-options.js'
import { requirePrefix } from './metric-prefix.js'
import { type EngineLabel, sourceLabels } from './source-labels.js'

/** The options that change names and labels of all metrics; each has a default. */
export interface ShapeOptions {
  /**
   * Text before the name of each metric, such as `myapp_`: letters, digits, `_` and `:`, beginning with
   * no digit, up to 255 characters. Default none, which leaves vLLM's names as they are.
   */
  readonly prefix?: string
  /**
   * Labels of every sample of these metrics, such as `{ region: 'eu' }`; default none. A default label
   * of the registry with the same name is left out. Names and values are checked at once.
   */
  readonly labels?: Readonly<Record<string, LabelValue>>
  /**
   * Labels whose value each engine has, such as `{ gpu: (engine) => gpus[engine] }`; default none. A
   * function is called once per engine, by the first scrape that shows the engine, and again when the
   * engine was dropped and came back. Where it throws or returns neither a string of up to 255 bytes
   * nor a finite number, the value is empty and the process emits a warning; for the engine `other`,
   * it is `other`.
   */
  readonly engineLabels?: Readonly<Record<string, EngineLabel>>
  /**
   * Whether each engine has series of its own; default true. With false, there is one series for each
   * operation and status, without the labels `engine` and `instance`: the sum over all engines, also
   * those that were dropped, so that it never goes down. `moonmeter_engine_up` and
   * `moonmeter_engine_open` are then left out, and of the time of the last report the latest is
   * shown. Snapshots have each engine in any case.
   */
  readonly perEngine?: boolean
  /**
   * Whether the protobuf exposition also carries the durations as a native histogram, beside the
   * classic buckets; default false. A Prometheus server that takes native histograms stores no
   * `_bucket`, `_sum` and `_count` series of it, unless its configuration keeps classic histograms.
   *
   * @see https://prometheus.io/docs/specs/native_histograms/
   */
  readonly nativeHistograms?: boolean
}

/** The names of `ShapeOptions`. */
export const SHAPE_OPTIONS = [
  'prefix',
  'labels',
  'engineLabels',
  'perEngine',
  'nativeHistograms',
] as const

/** The options of `ShapeOptions` as functions, with which all families are made. */
export interface FamilyShape {
  /** Labels of every sample. */
  readonly labels: Labels
  /** A definition with the name that the metric is exposed by. */
  define<Definition extends MetricDefinition>(definition: Definition): Definition
  readonly perEngine: boolean
  readonly nativeHistograms: boolean
  /** What has series in a snapshot: its engines, or the sum over all of them. */
  sourcesOf(snapshot: Snapshot): readonly SourceSnapshot[]
  /** Labels of one of `sourcesOf`: the same object each time. */
  labelsOf(key: SourceKey): Labels
}

/**
 * The options checked.
 *
 * @throws MoonmeterError `INVALID_OPTION`
 */
export function readShape(options: ShapeOptions): FamilyShape {
  const { prefix = '', labels, engineLabels, perEngine = true, nativeHistograms = false } = options
  requirePrefix(prefix)
  requireType('perEngine', 'boolean', perEngine)
  requireType('nativeHistograms', 'boolean', nativeHistograms)
  const texts = readLabelEntries('labels', labels).map(
    ([name, value]) => [name, readLabelValue(`labels.${name}`, value)] as const,
  )
  const taken = texts.map(([name]) => name)
  const functions = readLabelEntries('engineLabels', engineLabels, taken)
  for (const [name, valueFor] of functions) {
    requireType(`engineLabels.${name}`, 'function', valueFor ?? null)
  }
  if (!perEngine && functions.length > 0) {
    throw new MoonmeterError(
      'INVALID_OPTION',
      'engineLabels: expected none with perEngine: false, since no series is of one engine, got ' +
        `${describe(engineLabels)}; leave out one of the two`,
    )
  }
  return {
    labels: Object.freeze(Object.fromEntries(texts)),
    define: (definition) => {
      return prefix === '' ? definition : { ...definition, name: prefix + definition.name }
    },
    perEngine,
    nativeHistograms,
    sourcesOf: perEngine ? ({ sources }) => sources : totalAsSource,
    labelsOf: perEngine ? sourceLabels(functions) : () => NO_LABELS,
  }
}

function totalAsSource(snapshot: Snapshot): readonly SourceSnapshot[] {
  const total = totalOf(snapshot)
  return total === undefined ? [] : [total]
}
