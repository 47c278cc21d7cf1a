import { describe } from './describe.js'
import { MoonmeterError } from './errors.js'

/** Maximum UTF-8 bytes of an instance. */
const INSTANCE_BYTES_MAX = 255

/** The source of a report: one incarnation of one engine. */
export interface SourceIdentity {
  /** The host or process of the engine. If it is set, it is a label of the metrics. */
  readonly instance?: string
  /** The engine's index, a non-negative integer; the `engine` label. */
  readonly engine: number
  /** One run of the engine. A later incarnation of the same engine has a larger number. */
  readonly incarnation: number
}

/** The address of an instance's own metrics. */
export interface ScrapeTarget {
  /** The name of the instance in the reports of its engines. */
  readonly instance: string
  /** The URL of its metrics, of http or https, with a path. */
  readonly url: string
}

/**
 * Check the index of an engine.
 *
 * @throws MoonmeterError `INVALID_ENGINE` when it is not a non-negative safe integer
 */
export function engineIndex(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new MoonmeterError(
    'INVALID_ENGINE',
    `engine index: expected a non-negative integer, got ${describe(value)}`,
  )
}

/**
 * Check the name of an instance; `undefined` for none.
 *
 * @throws MoonmeterError `INVALID_OPTION` when it is not a string of 1 to 255 bytes in UTF-8
 */
export function instanceName(value: unknown): string | undefined {
  if (value === undefined || isInstance(value)) return value
  throw new MoonmeterError(
    'INVALID_OPTION',
    `instance: expected a string of 1 to ${INSTANCE_BYTES_MAX} bytes, got ${describe(value)}`,
  )
}

/** Whether a value is a valid name of an instance. */
export function isInstance(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    value.isWellFormed() &&
    Buffer.byteLength(value) <= INSTANCE_BYTES_MAX
  )
}
