import { describe } from '../../describe.js'
import { MoonmeterError } from '../../errors.js'

const PREFIX_LENGTH_MAX = 255
/**
 * A prefix that gives a valid metric name when it precedes one of the catalogue.
 *
 * @see https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels
 */
const PREFIX = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/

/**
 * Check the option `prefix`. An empty string means no prefix.
 *
 * @throws MoonmeterError `INVALID_OPTION`
 */
export function requirePrefix(prefix: unknown): void {
  const isName = typeof prefix === 'string' && PREFIX.test(prefix)
  if (prefix === '' || (isName && prefix.length <= PREFIX_LENGTH_MAX)) return
  throw new MoonmeterError(
    'INVALID_OPTION',
    `prefix: expected the beginning of a metric name, up to ${PREFIX_LENGTH_MAX} letters, digits, ` +
      `_ and : that do not begin with a digit, got ${describe(prefix)}`,
  )
}
