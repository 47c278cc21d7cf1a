import { SELF_METRICS, STORE_METRICS } from '../../catalogue.js'
import { describe } from '../../describe.js'
import { MoonmeterError } from '../../errors.js'
import { LABEL_BYTES_MAX } from '../../stats/bounded-names.js'

/** A value of a label. A number is converted with `String`. */
export type LabelValue = string | number

/** Maximum number of labels that users may add. */
const ADDED_LABELS_MAX = 32
/** @see https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels */
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/
/** Prefix of label names that are reserved for Prometheus. */
const INTERNAL_PREFIX = '__'
/** Labels of samples in addition to those of the catalogue. */
const SAMPLE_LABELS = ['instance', 'le', 'quantile']
const OWN_LABELS: ReadonlySet<string> = new Set([
  ...Object.values({ ...STORE_METRICS, ...SELF_METRICS }).flatMap(({ labels }) => [...labels]),
  ...SAMPLE_LABELS,
])

/**
 * Check an option that is an object of labels, and return its entries.
 *
 * @param option the name of the option, for messages
 * @param taken names of labels that another option has added
 * @throws MoonmeterError `INVALID_OPTION` unless it is an object whose keys are valid label names,
 * without those of moonmeter's metrics, reserved ones and `taken`
 */
export function readLabelEntries<Value>(
  option: string,
  given: Readonly<Record<string, Value>> | undefined,
  taken: readonly string[] = [],
): (readonly [string, Value])[] {
  if (given === undefined) return []
  // `Object.entries` of a map would be empty.
  if (typeof given !== 'object' || given === null || Symbol.iterator in given) {
    throw invalid(option, 'an object whose keys are label names', given)
  }
  const entries = Object.entries(given)
  for (const [name] of entries) {
    if (!LABEL_NAME.test(name)) {
      throw invalid(option, 'names of letters, digits and _ that do not begin with a digit', name)
    }
    if (name.startsWith(INTERNAL_PREFIX)) {
      throw invalid(option, 'no name that begins with __, which is reserved for Prometheus', name)
    }
    if (OWN_LABELS.has(name)) {
      const own = [...OWN_LABELS].join(', ')
      throw invalid(option, `no label that the metrics already have (${own})`, name)
    }
    if (taken.includes(name)) throw invalid(option, 'each label once', name)
  }
  if (entries.length + taken.length > ADDED_LABELS_MAX) {
    throw invalid(option, `at most ${ADDED_LABELS_MAX} labels in all`, entries.length)
  }
  return entries
}

/**
 * Check the value of a label, and return it as text.
 *
 * @param what name of the label, for the message
 * @throws MoonmeterError `INVALID_OPTION` unless it is a string of up to 255 bytes or a finite
 * number
 */
export function readLabelValue(what: string, given: unknown): string {
  if (typeof given === 'number' && Number.isFinite(given)) return String(given)
  const isText = typeof given === 'string' && Buffer.byteLength(given) <= LABEL_BYTES_MAX
  if (isText) return given.toWellFormed()
  throw invalid(what, `a string of up to ${LABEL_BYTES_MAX} bytes or a finite number`, given)
}

function invalid(option: string, expected: string, got: unknown): MoonmeterError {
  return new MoonmeterError(
    'INVALID_OPTION',
    `${option}: expected ${expected}, got ${describe(got)}`,
  )
}
