import { describe } from './describe.js'
import { MoonmeterError } from './errors.js'

/** UTF-8 bytes an instance's name may have. */
const INSTANCE_BYTES_MAX = 255

/** Where stats come from: one incarnation of one engine. */
export interface SourceIdentity {
  /**
   * The host or process of the engine, where the aggregator has to tell several apart; a label of
   * the metrics where it is set.
   */
  readonly instance?: string
  /** The engine's index, a non-negative integer; the `engine` label. */
  readonly engine: number
  /** One run of the engine. A later incarnation of the same engine has a larger number. */
  readonly incarnation: number
}

/** Where an instance serves its own metrics. */
export interface ScrapeTarget {
  /** Its name, as its engines report it. */
  readonly instance: string
  /** The URL of its metrics, of http or https, with a path. */
  readonly url: string
}

/**
 * The index of an engine, checked.
 *
 * @throws MoonmeterError `INVALID_ENGINE` when it is no non-negative safe integer
 */
export function engineIndex(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new MoonmeterError(
    'INVALID_ENGINE',
    `engine index: expected a non-negative integer, got ${describe(value)}`,
  )
}

/**
 * The name of an instance, checked; `undefined` for none.
 *
 * @throws MoonmeterError `INVALID_OPTION` when it is no string of 1 to 255 bytes of UTF-8
 */
export function instanceName(value: unknown): string | undefined {
  if (value === undefined || isInstance(value)) return value
  throw new MoonmeterError(
    'INVALID_OPTION',
    `instance: expected a string of 1 to ${INSTANCE_BYTES_MAX} bytes, got ${describe(value)}`,
  )
}

/** Whether a value names an instance. */
export function isInstance(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    value.isWellFormed() &&
    Buffer.byteLength(value) <= INSTANCE_BYTES_MAX
  )
}
