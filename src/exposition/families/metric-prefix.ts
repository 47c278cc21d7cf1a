import { describe } from '../../describe.js'
import { MoonmeterError } from '../../errors.js'

const PREFIX_LENGTH_MAX = 255
/**
 * The beginning of a metric name: a name that begins so and goes on with one of ours is valid.
 *
 * @see https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels
 */
const PREFIX = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/

/**
 * Checks what is put before the name of each metric; an empty text is no prefix.
 *
 * @throws MoonmeterError `INVALID_OPTION`
 */
export function requirePrefix(prefix: unknown): void {
  const isName = typeof prefix === 'string' && PREFIX.test(prefix)
  if (prefix === '' || (isName && prefix.length <= PREFIX_LENGTH_MAX)) return
  throw new MoonmeterError(
    'INVALID_OPTION',
    `prefix: expected the beginning of a metric name, up to ${PREFIX_LENGTH_MAX} letters, digits, _ ` +
      `and : that begin with no digit, got ${describe(prefix)}`,
  )
}
