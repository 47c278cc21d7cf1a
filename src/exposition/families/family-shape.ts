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

/** Options of the names and labels of all metrics; each has a default. */
export interface ShapeOptions {
  /**
   * Prefix of the name of each metric, such as `myapp_`: up to 255 letters, digits, `_` and `:`,
   * not beginning with a digit. Default none.
   */
  readonly prefix?: string
  /**
   * Labels of every sample of these metrics, such as `{ region: 'eu' }`; default none. They take
   * precedence over default labels of the registry with the same name. Names and values are checked
   * immediately.
   */
  readonly labels?: Readonly<Record<string, LabelValue>>
  /**
   * Labels with a value per engine, such as `{ gpu: (engine) => gpus[engine] }`; default none. A
   * function is called once per engine, by the first scrape that exposes the engine, and again
   * after the engine was dropped and added again. If it throws or returns neither a string of up to
   * 255 bytes nor a finite number, the value is empty and the process emits a warning. The value
   * for the engine `other` is `other`.
   */
  readonly engineLabels?: Readonly<Record<string, EngineLabel>>
  /**
   * Whether each engine has separate series; default true. If false, there is one series per
   * operation and status, without the labels `engine` and `instance`: the sum over all engines,
   * dropped ones included, so that it never goes down. Then `moonmeter_engine_up` and
   * `moonmeter_engine_open` are not exposed, and the time of the last report is the latest of all
   * engines. Snapshots always contain each engine.
   */
  readonly perEngine?: boolean
  /**
   * Whether the protobuf exposition contains the durations as a native histogram in addition to the
   * classic buckets; default false. A Prometheus server that ingests native histograms stores no
   * `_bucket`, `_sum` and `_count` series of it, unless it is configured to keep classic
   * histograms.
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

/** The checked `ShapeOptions` as functions, which all families use. */
export interface FamilyShape {
  /** Labels of every sample. */
  readonly labels: Labels
  /** A definition with the exposed name of the metric. */
  define<Definition extends MetricDefinition>(definition: Definition): Definition
  readonly perEngine: boolean
  readonly nativeHistograms: boolean
  /** The sources with series in a snapshot: its engines, or the sum over all of them. */
  sourcesOf(snapshot: Snapshot): readonly SourceSnapshot[]
  /** Labels of a source: the same object for each call. */
  labelsOf(key: SourceKey): Labels
}

/**
 * Check the options.
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
