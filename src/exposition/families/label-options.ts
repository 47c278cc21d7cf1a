import { SELF_METRICS, STORE_METRICS } from '../../catalogue.js'
import { describe } from '../../describe.js'
import { MoonmeterError } from '../../errors.js'
import { LABEL_BYTES_MAX } from '../../stats/bounded-names.js'

/** A value of a label; a number is shown as JavaScript prints it. */
export type LabelValue = string | number

/** The most labels that users may add. */
const ADDED_LABELS_MAX = 32
/** @see https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels */
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/
/** Names that begin so belong to Prometheus. */
const INTERNAL_PREFIX = '__'
/** Labels of samples that are not in the catalogue. */
const SAMPLE_LABELS = ['instance', 'le', 'quantile']
const OWN_LABELS: ReadonlySet<string> = new Set([
  ...Object.values({ ...STORE_METRICS, ...SELF_METRICS }).flatMap(({ labels }) => [...labels]),
  ...SAMPLE_LABELS,
])

/**
 * The entries of an option that is an object of labels.
 *
 * @param option its name, for messages
 * @param taken names of labels that are added already
 * @throws MoonmeterError `INVALID_OPTION` for what is no such object, and for a name that is no label
 * name, is one of moonmeter's or Prometheus's own, or is taken
 */
export function readLabelEntries<Value>(
  option: string,
  given: Readonly<Record<string, Value>> | undefined,
  taken: readonly string[] = [],
): (readonly [string, Value])[] {
  if (given === undefined) return []
  // A map or an array would have no entries.
  if (typeof given !== 'object' || given === null || Symbol.iterator in given) {
    throw invalid(option, 'an object whose keys are label names', given)
  }
  const entries = Object.entries(given)
  for (const [name] of entries) {
    if (!LABEL_NAME.test(name)) {
      throw invalid(option, 'names of letters, digits and _ that begin with no digit', name)
    }
    if (name.startsWith(INTERNAL_PREFIX)) {
      throw invalid(option, 'no name that begins with __, as those of Prometheus do', name)
    }
    if (OWN_LABELS.has(name)) {
      const own = [...OWN_LABELS].join(', ')
      throw invalid(option, `no label that the metrics have already (${own})`, name)
    }
    if (taken.includes(name)) throw invalid(option, 'a label that is given once', name)
  }
  if (entries.length + taken.length > ADDED_LABELS_MAX) {
    throw invalid(option, `at most ${ADDED_LABELS_MAX} labels in all`, entries.length)
  }
  return entries
}

/**
 * The text of a label's value.
 *
 * @param what the label, for the message
 * @throws MoonmeterError `INVALID_OPTION` for what is no string of up to 255 bytes and no finite number
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
