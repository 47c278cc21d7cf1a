import { callSafely } from '../../call-safely.js'
import { OTHER } from '../../catalogue.js'
import type { SourceKey } from '../../snapshot/source-snapshot.js'
import type { Labels } from '../metric-family.js'
import { type LabelValue, readLabelValue } from './label-options.js'

/**
 * Returns the value of a label for an engine.
 *
 * @param engine the engine's index
 * @param instance the engine's instance; undefined without one
 */
export type EngineLabel = (engine: number, instance: string | undefined) => LabelValue

/** The value of a label if its function fails: Prometheus treats an empty label as absent. */
const NO_VALUE = ''

/**
 * The labels of sources. Each source has one object, so the user's functions are called once per
 * source.
 */
export function sourceLabels(
  engineLabels: readonly (readonly [string, EngineLabel])[] = [],
): (key: SourceKey) => Labels {
  const known = new WeakMap<SourceKey, Labels>()
  return (key) => {
    const labels = known.get(key)
    if (labels !== undefined) return labels
    const { engine, instance } = key
    const values = engineLabels.map(([name, valueFor]) => [name, engineLabel(name, valueFor, key)])
    const made = {
      engine: String(engine),
      ...(instance !== undefined && { instance }),
      ...Object.fromEntries(values),
    }
    known.set(key, made)
    return made
  }
}

function engineLabel(name: string, valueFor: EngineLabel, { engine, instance }: SourceKey): string {
  // The engines past the limit may have different values.
  if (engine === OTHER) return OTHER
  const option = `engineLabels.${name}`
  const given: unknown = callSafely(option, () => valueFor(engine, instance))
  return callSafely(option, () => readLabelValue(option, given)) ?? NO_VALUE
}
